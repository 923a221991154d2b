import type { Json } from '../contract/schema.ts';
import { isFact, type Decided, type RecordedFact, type JournalEntry } from './journal-entry.ts';

/**
 * docs/replay.md#comparison explains it.
 *
 * P1 A journal is a row of activations: one fact, then what was decided on it.
 * P2 Replaying applies each fact again and compares what the code decides with what the journal says, by path, not by position:
 *    a step that is added in one branch does not rename a step of another.
 * P3 What differs is never committed and never a failure of the process: it is `stuck(NONDETERMINISM)` with the difference.
 */
export interface Activation {
  readonly fact: RecordedFact;
  readonly decided: readonly Decided[];
}

export const activations = (journal: readonly JournalEntry[]): Activation[] => {
  const all: { fact: RecordedFact; decided: Decided[] }[] = [];
  for (const entry of journal)
    if (isFact(entry)) all.push({ fact: entry, decided: [] });
    else all.at(-1)?.decided.push(entry);
  return all;
};

/** What the current activation decided when it was live, less what the replay has decided again. */
export class Expected {
  /** By type and path, in the order of the journal: labels of old releases may have made two paths alike. */
  readonly #left = new Map<string, Decided[]>();
  readonly differences: string[] = [];
  /** How many entries the activation had when it was live. */
  readonly size: number;

  /** What is still held of what was sent under a number, so that a difference can show it. */
  readonly #held: (n: number) => Json | undefined;

  constructor(decided: readonly Decided[], held: (n: number) => Json | undefined) {
    this.#held = held;
    this.size = decided.length;
    for (const entry of decided) {
      const alike = this.#left.get(identity(entry));
      if (alike) alike.push(entry);
      else this.#left.set(identity(entry), [entry]);
    }
  }

  /** What the journal says that a step decided. */
  recorded<T extends Decided['type']>(type: T, path: string): Extract<Decided, { readonly type: T }> | undefined {
    return this.#left.get(`${type} ${path}`)?.[0] as Extract<Decided, { readonly type: T }> | undefined;
  }

  /** The number that a step got when it was first issued. */
  numberOf(type: Decided['type'], path: string): number | undefined {
    const entry = this.recorded(type, path);
    return entry && 'n' in entry ? entry.n : undefined;
  }

  sentUnder(n: number | undefined): Json | undefined {
    return n === undefined ? undefined : this.#held(n);
  }

  differs(difference: string): void {
    this.differences.push(difference);
  }

  match(entry: Decided): void {
    const key = identity(entry);
    const recorded = this.#left.get(key)?.shift();
    const difference = recorded ? changed(recorded, entry) : `the code now decides ${describe(entry)}, which the journal does not hold`;
    if (difference) this.differs(difference);
  }

  /** Ends the activation: what was not decided again is missing. */
  rest(): void {
    for (const entry of [...this.#left.values()].flat())
      this.differences.push(`the journal holds ${describe(entry)}, which the code does not decide any more`);
    this.#left.clear();
  }
}

const identity = (entry: Decided): string => `${entry.type} ${entry.path}`;

const describe = (entry: Decided): string => `${entry.type} ${entry.path}${'event' in entry ? ` (${entry.event})` : ''}`;

/**
 * Only what an outside observer could tell apart counts: which command, until when, which branch, how it ended. What was passed to a step is
 * compared where it is passed (`passed.ts`).
 */
const changed = (recorded: Decided, now: Decided): string | undefined => {
  const fields = COMPARED[now.type];
  for (const field of fields ?? []) {
    if (field === 'due' && isOfPolicy(now.path)) continue;
    const [before, after] = [recorded[field as never], now[field as never]];
    if (before !== after) return `${describe(now)} has ${field} ${String(after)}, in the journal it is ${String(before)}`;
  }
  return undefined;
};

/** How long a pause or a process may take is of the contract or the options, which may change; the timer that was set stays as it is. */
const isOfPolicy = (path: string): boolean => path === 'timeout' || path.endsWith('/retry');

const COMPARED: { readonly [T in Decided['type']]?: readonly string[] } = {
  CommandIssued: ['n', 'command', 'undoes', 'mode'],
  TimerSet: ['n', 'due'],
  TimerCleared: ['n'],
  EventTaken: ['id'],
  BranchWon: ['winner'],
  ScopeClosed: ['status'],
  EventPublished: ['n', 'event'],
  CommandAbandoned: ['n'],
  CommandGivenUp: ['n'],
};
