import { actsOn } from '../lib/client/acts-on.ts';
import { awsReach } from '../lib/client/aws.ts';
import type { OpenedActs } from './opened-acts.ts';

/** The acts on a deployed system, by what it publishes of itself. */
export async function openStack(name: string, region: string | undefined): Promise<OpenedActs> {
  const reach = await awsReach({ name, ...(region === undefined ? {} : { region }) });
  return { acts: actsOn(reach), close: () => {} };
}
