import type { InstanceFilter, InstanceIndex } from '../ports/instance-index.ts';
import type { Head } from '../ports/process-store.ts';

/** The heads of all tenants that fit, tenant by tenant. For tools that look after a whole system: a client acts for one tenant. */
export async function* headsOfAll(
  index: Pick<InstanceIndex, 'list' | 'tenants'>,
  filter: Omit<InstanceFilter, 'tenant'>,
): AsyncGenerator<Head, void, undefined> {
  for (const tenant of await index.tenants()) yield* index.list({ ...filter, tenant });
}
