import { App, Stack } from 'aws-cdk-lib/core';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Console, Orchestrator } from 'tutti/cdk';
import { CheckoutTravelCart } from '../../../examples/travel-booking/contracts.ts';

const stack = new Stack(new App(), 'TripsConsole');
const secret = StringParameter.fromSecureStringParameterAttributes(stack, 'Secret', { parameterName: '/console/secret' });
const trips = new Console(stack, 'Console', {
  orchestrator: Orchestrator.fromName(stack, 'Trips', 'trips'), // or the orchestrator of this stack
  authorizer: 'test/cdk/documented/authorizer.ts', // exports `authorize`
  environment: { ISSUER: 'https://id.example.com', CLIENT: 'trips-console', SECRET: secret.parameterName },
  events: [CheckoutTravelCart], // the page may publish these
});
secret.grantRead(trips); // for the authorizer
