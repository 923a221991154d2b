import { ContractError } from '../contract/errors.ts';
import { DEFAULT_TENANT, isTenant, TENANT_FORM } from '../contract/wire/process-id.ts';
import type { Reach } from './connection.ts';

/** The tenant within which a client acts. */
export function tenantOf({ tenant = DEFAULT_TENANT }: Pick<Reach, 'tenant'>): string {
  return tenant;
}

/** As a command line names it; nothing where it is the default. */
export function tenantOption({ tenant = DEFAULT_TENANT }: Pick<Reach, 'tenant'>): string {
  return tenant === DEFAULT_TENANT ? '' : ` --tenant ${tenant}`;
}

/** The same client within a tenant; within its own where none is named. Throws `DATA_INVALID` where the text names none. */
export function within(reach: Reach, tenant: string | undefined): Reach {
  if (tenant === undefined) return reach;
  if (isTenant(tenant)) return { ...reach, tenant };
  throw new ContractError('DATA_INVALID', `The tenant ${JSON.stringify(tenant)} was named: expected ${TENANT_FORM}.`, {
    remedy: 'Name the tenant as the events of its instances do.',
  });
}
