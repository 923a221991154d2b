import { textVariable } from '../../adapters/aws/environment.ts';
import { deployedPorts } from './deployed-ports.ts';
import { LambdaHost } from './lambda-host.ts';
import type { Served } from '../served.ts';

/** The host of a service in a Lambda function, created once per environment of the function. */
export function lambdaFunction(served: Served): LambdaHost {
  const queueUrl = textVariable(process.env, 'TUTTI_QUEUE_URL', "the URL of the service's queue");
  return new LambdaHost(deployedPorts(served, queueUrl, process.env));
}
