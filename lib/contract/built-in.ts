import type { ProcessContract } from './runtime-contract.ts';
import { buildPid } from './wire/process-id.ts';

/**
 * The definition of the instances of a built-in process. A message that ends one before begins it again, unless `differing` says otherwise.
 * No code of a user defines such a process: its name has two hyphens in a row.
 */
export function builtInDefinition(
  { name, builtIn }: { readonly name: string; readonly builtIn: NonNullable<ProcessContract['builtIn']> },
  differing: Partial<Pick<ProcessContract, 'kind' | 'view' | 'onOpen' | 'onClosed' | 'late'>> = {},
): ProcessContract {
  return {
    name,
    version: 1,
    kind: 'decider',
    builtIn,
    startOn: [],
    receives: [],
    publishes: new Map(),
    errors: {},
    onOpen: 'signal',
    onClosed: 'restart',
    earlyMs: 86_400_000,
    late: 'park',
    ...differing,
  };
}

/** Hashes what names an instance into an id. */
export type Identify = (of: { readonly pid: string; readonly event: string; readonly id: string }) => string;

/** The pid of a built-in instance that a text names. The text is hashed into the id, because it can have any characters. */
export function namedByText(
  identify: Identify,
  tenant: string,
  { owner, process, event, text }: { readonly owner: string; readonly process: string; readonly event: string; readonly text: string },
): string {
  return buildPid(tenant, owner, identify({ pid: `${tenant}#${owner}#${process}`, event, id: text })) as string;
}
