import { ACCEPTED_FINDINGS } from './accepted-findings.ts';
import { differences } from './finding.ts';
import { scan } from './scan.ts';

// npm run check:template: .ci/check-template installs the scanners and passes their folder.

const [, , tools] = process.argv;
if (tools === undefined) {
  console.error('Run it by npm run check:template, which installs the scanners.');
  process.exit(2);
}
const found = await scan(tools);
const lines = differences(found, ACCEPTED_FINDINGS);
for (const line of lines) console.error(line);
console.log(`${found.length} findings of cdk-nag, cfn-lint and checkov, ${lines.length} of them not as accepted`);
process.exitCode = lines.length > 0 ? 1 : 0;
