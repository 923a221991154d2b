import { ContractError } from '../errors.ts';
import type { System } from '../system.ts';

/** Whether the value comes from `system()`, of this or another copy of the package. */
export function isSystem(value: unknown): value is System<string> {
  if (typeof value !== 'object' || value === null) return false;
  const { name, '~': held } = value as { readonly name?: unknown; readonly '~'?: Partial<System<string>['~']> };
  return typeof name === 'string' && Array.isArray(held?.processes) && Array.isArray(held.services);
}

/** The system with this name among the exports of a module. `where` names the module in the error. */
export function exportedSystem(exported: Readonly<Record<string, unknown>>, name: string, where: string): System<string> {
  const systems = Object.values(exported).filter(isSystem);
  const found = systems.find((system) => system.name === name);
  if (found) return found;
  const others = systems.length === 0 ? 'no system' : `only ${systems.map((system) => system.name).join(', ')}`;
  throw new ContractError('CONTRACT_INVALID', `${where} exports ${others}: expected the system ${name}.`, {
    remedy: `Export the system ${name} from the entry module.`,
  });
}
