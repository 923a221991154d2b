// Names each test that failed according to vitest's JSON reports, with the first line of its message. Then prints the line that CI reads:
// how many tests passed and failed. A report that is missing was not run.
import { existsSync, readFileSync } from 'node:fs';

const reports = process.argv
  .slice(2)
  .filter(existsSync)
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));
const files = reports.flatMap((report) => report.testResults);
const failed = files.flatMap(({ name, message, status, assertionResults }) => {
  const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => [name, test.fullName, test.failureMessages[0]]);
  // A file that does not load has no tests of its own, and is still a failure.
  return status === 'failed' && assertionResults.length === 0 ? [[name, 'the file does not load', message]] : tests;
});

for (const [file, test, message] of failed) {
  console.log(`FAILED ${file.replace(`${process.cwd()}/`, '')} > ${test}: ${String(message).split('\n', 1)[0].slice(0, 500)}`);
}
const passed = reports.reduce((total, report) => total + report.numPassedTests, 0);
console.log(`${passed} passed, ${failed.length} failed`);
