import type { InstanceIndex } from '../../ports/instance-index.ts';

/**
 * Every tenant once, beginning with one that the instant chooses: if the time of a run does not suffice for all, the next run begins with
 * another, so that none is always last.
 */
export async function tenantsInTurn(index: Pick<InstanceIndex, 'tenants'>, instant: number): Promise<readonly string[]> {
  const tenants = await index.tenants();
  const first = instant % tenants.length;
  return [...tenants.slice(first), ...tenants.slice(0, first)];
}
