import type { SSMClient } from '@aws-sdk/client-ssm';
import { deploymentNames, recordsParameter } from '../../adapters/aws/deployment-names.ts';
import { ClientError } from '../../contract/errors.ts';
import { overAws } from './aws-error.ts';

/** The parameters that an orchestrator publishes for its clients. */
export interface Deployment {
  readonly name: string;
  readonly table: string;
  readonly bus: string;
  readonly bucket: string;
  /** The account of the bucket. */
  readonly bucketOwner: string;
  readonly inboxUrl: string;
  readonly startsUrl: string;
  readonly operationsUrl: string;
  readonly hotLaneUrl: string;
  /** URLs of the service queues that do not follow the convention. */
  readonly queues: Readonly<Record<string, string>>;
  /** The text that `publishedSystem` wrote. */
  readonly system: string;
  /** The table of the command records of a service. */
  readonly commandTable: (service: string) => string;
}

/** A deployment has 10 parameters, and one for each service that it shares as a further system. SSM returns 10 per call. A prefix with more than this many pages is not a deployment. */
const PAGES_MAX = 10;

/**
 * Reads the published parameters of a deployment, with one call for ten of them.
 * @throws ClientError `NOT_FOUND` if this account and region have no such deployment
 */
export async function readDeployment(ssm: SSMClient, name: string): Promise<Deployment> {
  const prefix = deploymentNames(name).parameters;
  const parameters = await overAws(`Reading the parameters under ${prefix}`, () => parametersUnder(ssm, `${prefix}/`));
  const region = await ssm.config.region();
  if (parameters.size === 0) throw noDeployment(name, prefix, region);
  const value = (key: string): string => {
    const found = parameters.get(key);
    if (found === undefined) throw incomplete(name, `${prefix}/${key}`, region);
    return found;
  };
  return {
    name,
    table: value('table'),
    bus: value('bus'),
    bucket: value('bucket'),
    bucketOwner: value('bucket-owner'),
    inboxUrl: value('inbox-url'),
    startsUrl: value('starts-url'),
    operationsUrl: value('operations-url'),
    hotLaneUrl: value('hot-lane-url'),
    queues: JSON.parse(parameters.get('queues') ?? '{}') as Record<string, string>,
    system: value('system'),
    commandTable: (service) => parameters.get(recordsParameter(service)) ?? deploymentNames(name).commandTable(service),
  };
}

async function parametersUnder(ssm: SSMClient, prefix: string): Promise<ReadonlyMap<string, string>> {
  const { GetParametersByPathCommand } = await import('@aws-sdk/client-ssm');
  const values = new Map<string, string>();
  let next: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await ssm.send(new GetParametersByPathCommand({ Path: prefix, ...(next === undefined ? {} : { NextToken: next }) }));
    for (const { Name = '', Value } of page.Parameters ?? []) if (Value !== undefined) values.set(Name.slice(prefix.length), Value);
    next = page.NextToken;
    if (next === undefined) break;
  }
  return values;
}

function noDeployment(name: string, prefix: string, region: string): ClientError {
  return new ClientError('NOT_FOUND', `There is no deployment ${name} in ${region}: expected its published parameters under ${prefix}.`, {
    remedy: 'Check the name and the region, or deploy the system with cdk deploy.',
  });
}

function incomplete(name: string, parameter: string, region: string): ClientError {
  return new ClientError(
    'NOT_FOUND',
    `The deployment ${name} in ${region} does not publish ${parameter}: expected a complete deployment.`,
    {
      remedy: 'Deploy the system again with cdk deploy, with this version of Tutti.',
    },
  );
}
