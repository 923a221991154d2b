import { ContractError } from '../contract/errors.ts';
import { DEFAULT_TENANT, isTenant, TENANT_FORM } from '../contract/wire/process-id.ts';
import type { Reach } from './connection.ts';

/** The option of a command line that names the tenant; empty for the default tenant. */
export function tenantOption({ tenant = DEFAULT_TENANT }: Pick<Reach, 'tenant'>): string {
  return tenant === DEFAULT_TENANT ? '' : ` --tenant ${tenant}`;
}

/** Returns the reach within another tenant, or unchanged if none is given. Throws `DATA_INVALID` if the tenant is malformed. */
export function within(reach: Reach, tenant: string | undefined): Reach {
  if (tenant === undefined) return reach;
  if (isTenant(tenant)) return { ...reach, tenant };
  throw new ContractError('DATA_INVALID', `The tenant ${JSON.stringify(tenant)} was named: expected ${TENANT_FORM}.`, {
    remedy: 'Name the tenant as the events of its instances do.',
  });
}
