import type { SystemContract } from '../../contract/runtime-contract.ts';

/** EventBridge takes no longer pattern. */
const PATTERN_LENGTH_MAX = 2048;
/** What stands in for an account in the length of a pattern whose account is known only when it is deployed. */
const ACCOUNT = '000000000000';

/** A pattern with a name that stays its own when other events come and go. */
export interface NamedPattern {
  readonly name: string;
  readonly pattern: Readonly<Record<string, unknown>>;
}

/** Never from a replay of an archive, which would start everything again, and only from the accounts that may publish. */
const common = (accounts: readonly string[]): Record<string, unknown> => ({ account: accounts, 'replay-name': [{ exists: false }] });

/**
 * What the processes of a system hear: one pattern per owner of events, so that source and type belong together and a new
 * event leaves the patterns of other owners alone; more than one where that would be too long.
 */
export function eventPatterns(system: SystemContract, accounts: readonly string[]): readonly NamedPattern[] {
  return [...heardTypes(system)].flatMap(([owner, types]) => {
    const make = (detailTypes: readonly string[]): Record<string, unknown> => ({
      source: [owner],
      'detail-type': detailTypes,
      ...common(accounts),
    });
    return split(types, (part) => lengthOf(make(part), accounts)).map((part, index) => ({
      name: index === 0 ? owner : `${owner}-${index + 1}`,
      pattern: make(part),
    }));
  });
}

/** Every answer to a command of this system, from whichever service. */
export function replyPattern(system: SystemContract, accounts: readonly string[]): Readonly<Record<string, unknown>> {
  return { detail: { replyto: [system.name] }, ...common(accounts) };
}

/** The types that some version of a process starts on or receives, by owner; both sorted. */
export function heardTypes(system: SystemContract): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, Set<string>>();
  for (const { startOn, receives } of [...system.processes.values()].flat())
    for (const { event } of [...startOn, ...receives]) owners.set(event.owner, (owners.get(event.owner) ?? new Set()).add(event.type));
  return new Map([...owners].sort(([a], [b]) => (a < b ? -1 : 1)).map(([owner, types]) => [owner, [...types].sort()]));
}

function split(types: readonly string[], length: (part: readonly string[]) => number): readonly (readonly string[])[] {
  const parts: string[][] = [];
  for (const type of types) {
    const last = parts.at(-1);
    if (last && length([...last, type]) <= PATTERN_LENGTH_MAX) last.push(type);
    else parts.push([type]);
  }
  return parts;
}

const lengthOf = (pattern: Readonly<Record<string, unknown>>, accounts: readonly string[]): number =>
  JSON.stringify({ ...pattern, account: accounts.map(() => ACCOUNT) }).length;
