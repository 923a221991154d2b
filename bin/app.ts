import { App, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { addExamples } from './example-stacks.ts';

/**
 * The stacks of the two examples: `npx cdk deploy TravelBooking OrderFulfilment`, or `npm run deploy:local` into LocalStack.
 * `-c throw-away=true` deletes all their data with the stacks.
 */
const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
addExamples(app);
