import { actsOn } from '../lib/client/operations/operations-on.ts';
import { awsReach } from '../lib/client/aws/aws.ts';
import type { Reach } from '../lib/client/connection.ts';
import type { OpenedActs } from './opened-acts.ts';

/** A deployed system, by what it publishes of itself. */
export function reachStack(name: string, region: string | undefined): Promise<Reach> {
  // The SDK would tell at each command which Node its later versions need; stderr is for what happened.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return awsReach({ name, ...(region === undefined ? {} : { region }) });
}

/** The acts on a deployed system. */
export async function openStack(name: string, region: string | undefined): Promise<OpenedActs> {
  return { acts: actsOn(await reachStack(name, region)), close: () => {} };
}
