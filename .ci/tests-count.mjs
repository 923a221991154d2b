// Adds up what vitest's JSON reports say, and prints the line that CI reads. A report that is missing was not run.
import { existsSync, readFileSync } from 'node:fs';

const reports = process.argv
  .slice(2)
  .filter(existsSync)
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (count) => reports.reduce((total, report) => total + count(report), 0);
// A file that does not load has no tests of its own, and is still a failure.
const broken = (report) => report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
console.log(`${sum((report) => report.numPassedTests)} passed, ${sum((report) => report.numFailedTests + broken(report))} failed`);
