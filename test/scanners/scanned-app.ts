import { readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, HIPAASecurityChecks, ServerlessChecks } from 'cdk-nag';
import { addExamples } from '../../bin/example-stacks.ts';

// A program of its own, since its synthesis prints every finding: writes the templates of the examples, without the code of their functions,
// and the report of cdk-nag into the folder that it is given. With findings synth throws after it has written both.

const [, , outdir] = process.argv;
const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as { readonly context: object };
const app = new App({
  ...(outdir !== undefined && { outdir }),
  context: { ...context, 'aws:cdk:bundling-stacks': [], 'aws:cdk:enable-path-metadata': true },
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app), new HIPAASecurityChecks(app));
addExamples(app);
app.synth();
