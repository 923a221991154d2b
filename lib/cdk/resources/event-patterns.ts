import type { EventContract, SystemContract } from '../../contract/runtime-contract.ts';

/** "EventBridge quotas": characters of an event pattern. */
const PATTERN_LENGTH_MAX = 2048;
/** Placeholder for an account that is unknown at synth, so that the length of a pattern can be computed. */
const ACCOUNT = '000000000000';

/** A pattern with a stable name: events of other owners do not change it. */
export interface NamedPattern {
  readonly name: string;
  readonly pattern: Readonly<Record<string, unknown>>;
}

/** Matches only accounts that may publish, and no event of an archive replay, which would start every instance again. */
function common(accounts: readonly string[]): Record<string, unknown> {
  return { account: accounts, 'replay-name': [{ exists: false }] };
}

/**
 * The events that the processes of a system handle: one pattern per owner, so that each type matches only with its owner's source, and a new
 * event changes only the pattern of its owner. A pattern that would be too long is split.
 */
export function eventPatterns(system: SystemContract, accounts: readonly string[]): readonly NamedPattern[] {
  return patternsOf(handledTypes(system), accounts);
}

/** As `eventPatterns`, of event types by owner. */
export function patternsOf(types: ReadonlyMap<string, readonly string[]>, accounts: readonly string[]): readonly NamedPattern[] {
  return [...types].flatMap(([owner, ofOwner]) => {
    const make = (detailTypes: readonly string[]): Record<string, unknown> => ({
      source: [owner],
      'detail-type': detailTypes,
      ...common(accounts),
    });
    return split(ofOwner, (part) => lengthOf(make(part), accounts)).map((part, index) => ({
      name: index === 0 ? owner : `${owner}-${index + 1}`,
      pattern: make(part),
    }));
  });
}

/** Every reply to a command of this system, from any service. */
export function replyPattern(system: SystemContract, accounts: readonly string[]): Readonly<Record<string, unknown>> {
  return { detail: { replyto: [system.name] }, ...common(accounts) };
}

/** The event types that any version of a process starts on or receives, by owner; both sorted. */
export function handledTypes(system: SystemContract): ReadonlyMap<string, readonly string[]> {
  return typesByOwner(
    [...system.processes.values()].flat().flatMap((each) => [...each.startOn, ...each.receives].map(({ event }) => event)),
  );
}

/** The types of the events by owner; both sorted. */
export function typesByOwner(events: readonly Pick<EventContract, 'owner' | 'type'>[]): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, Set<string>>();
  for (const { owner, type } of events) owners.set(owner, (owners.get(owner) ?? new Set()).add(type));
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

function lengthOf(pattern: Readonly<Record<string, unknown>>, accounts: readonly string[]): number {
  return JSON.stringify({ ...pattern, account: accounts.map(() => ACCOUNT) }).length;
}
