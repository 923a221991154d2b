import { isOrchestratorError } from '../contract/errors.ts';
import type { ConsoleOptions } from './console-options.ts';
import type { Act, Permission } from './views.ts';

/** The grant of the orchestrator that allows each operation. */
export const GRANTS: Readonly<Record<Act, string>> = {
  start: 'grantStart',
  publish: 'grantPublish',
  signal: 'grantSignal',
  ask: 'grantSignal',
  cancel: 'grantOperate',
  terminate: 'grantOperate',
  pause: 'grantOperate',
  resume: 'grantOperate',
  resolve: 'grantOperate',
  move: 'grantOperate',
  fork: 'grantOperate',
  erase: 'grantOperate',
  redrive: 'grantOperate',
  discard: 'grantOperate',
  bulk: 'grantOperate',
  schedules: 'grantOperate',
};

/** The grants that AWS has refused to this process. Its credentials may change, so a later success takes one out. */
const refusedGrants = new WeakMap<ConsoleOptions, Set<string>>();

/** Remembers the answer of AWS to an operation. `error`: undefined if it was done. Returns the missing grant. */
export function noteGrant(options: ConsoleOptions, act: Act | undefined, error?: unknown): string | undefined {
  const grant = act === undefined ? 'grantRead' : GRANTS[act];
  const missing = refusedGrants.get(options) ?? new Set<string>();
  refusedGrants.set(options, missing);
  if (isOrchestratorError(error) && error.code === 'DENIED') {
    missing.add(grant);
    return grant;
  }
  if (error === undefined) missing.delete(grant);
  return undefined;
}

export function permissionsOf(options: ConsoleOptions): Readonly<Record<Act, Permission>> {
  const missing = refusedGrants.get(options);
  const closed = options.readOnly ?? options.denied;
  const permission = (grant: string): Permission => {
    if (closed !== undefined) return { allowed: false, why: closed };
    if (!missing?.has(grant)) return { allowed: true };
    return { allowed: false, why: `The principal of this console has no right to do this: give it ${grant} of the orchestrator.`, grant };
  };
  return Object.fromEntries(Object.entries(GRANTS).map(([act, grant]) => [act, permission(grant)])) as Record<Act, Permission>;
}
