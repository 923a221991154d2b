import { textVariable } from '../../adapters/aws/environment.ts';
import type { ConsumerOptions } from '../consumer/consumer.ts';
import { deployedPorts } from './deployed-ports.ts';
import { LambdaHost } from './lambda-host.ts';
import { furtherSystems, queueIdOf } from './served-systems.ts';
import type { Served } from '../served.ts';

/**
 * The host of a service in a Lambda function, created once per environment of the function.
 *
 * Input: what `serve` returned. Output: a host that takes batches of SQS. Trunk: deployed-ports.ts builds the ports from the environment;
 * lambda-host.ts runs a batch within the time of an invocation; poll-queue.ts is the host of a program of its own.
 */
export function lambdaFunction(served: Served): LambdaHost {
  const queueUrl = textVariable(process.env, 'TUTTI_QUEUE_URL', "the URL of the service's queue");
  const ports = deployedPorts(served, queueUrl, process.env);
  const urls = new Map(furtherSystems(process.env).map((system) => [queueIdOf(system.queueUrl), system.queueUrl]));
  if (urls.size === 0) return new LambdaHost(ports);
  const options = (queue: string): ConsumerOptions | undefined => {
    const url = urls.get(queue);
    return url === undefined ? undefined : deployedPorts(served, url, process.env);
  };
  return new LambdaHost(ports, { first: queueIdOf(queueUrl), options });
}
