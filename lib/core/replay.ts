import type { Json } from '../contract/schema.ts';
import type { Decided, RecordedFact, JournalEntry } from './journal-entry.ts';

/**
 * The comparison of a replay (docs/replay.md#comparison).
 *
 * P1 A journal is a list of activations: one fact, then its decisions.
 * P2 A replay applies each fact again and compares the decisions of the code with those of the journal, by path, not by position: a step
 *    that is added in one branch does not rename a step of another.
 * P3 A `ctx.send` or `ctx.view` that the recorded activation does not hold is skipped: nothing depends on it. It is not sent for this
 *    activation, takes no number and no ordinal, and is no difference. A recorded one that the code no longer decides is a difference.
 * P4 A recorded `ChangeTaken` that the code no longer decides is no difference: its call of `ctx.patched` was deleted, and what the code does
 *    instead is compared.
 * P5 A difference is never committed and never a failure of the process: the instance is stuck with `NONDETERMINISM` and the difference.
 */
export interface Activation {
  readonly fact: RecordedFact;
  readonly decided: readonly Decided[];
}

export function activations(journal: readonly JournalEntry[]): Activation[] {
  const all: { fact: RecordedFact; decided: Decided[] }[] = [];
  for (const entry of journal)
    if (isFact(entry)) all.push({ fact: entry, decided: [] });
    else all.at(-1)?.decided.push(entry);
  return all;
}

/** The recorded decisions of the current activation that the replay has not made yet. */
export class Expected {
  readonly differences: string[] = [];
  readonly #decided: readonly Decided[];
  /** The replay has made the decisions in front of this one, in the order of the journal. */
  #at = 0;
  /** The others by type and path, as soon as the code asks for another than the next. Labels of old releases can give two decisions one path. */
  #left: Map<string, Decided[]> | undefined;

  /** How a skipped value differs from the recorded decision of its path, by type and path. */
  readonly #skipped = new Map<string, string>();
  /** The value that was sent under a number, if the image still holds it, so that a difference can show it. */
  readonly #held: (n: number) => Json | undefined;

  constructor(decided: readonly Decided[], held: (n: number) => Json | undefined) {
    this.#held = held;
    this.#decided = decided;
  }

  /** How many decisions the journal holds for the activation. */
  get size(): number {
    return this.#decided.length;
  }

  /** The next recorded decision of this type and path. */
  recorded<T extends Decided['type']>(type: T, path: string): Extract<Decided, { readonly type: T }> | undefined {
    return this.#next(type, path) as Extract<Decided, { readonly type: T }> | undefined;
  }

  #next(type: Decided['type'], path: string): Decided | undefined {
    if (this.#left === undefined) {
      const next = this.#decided[this.#at];
      if (next === undefined || (next.type === type && next.path === path)) return next;
      this.#left = byIdentity(this.#decided.slice(this.#at));
    }
    return this.#left.get(`${type} ${path}`)?.[0];
  }

  /** The number of that decision. */
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

  /** A value of `ctx.send` or `ctx.view` is skipped. If the recorded decision of its path is left over, this is its difference. */
  skips(type: Decided['type'], path: string, difference: string | undefined): void {
    if (difference !== undefined) this.#skipped.set(`${type} ${path}`, difference);
  }

  /** Compares the decision, and returns the recorded one. */
  match(entry: Decided): Decided | undefined {
    const recorded = this.#next(entry.type, entry.path);
    if (this.#left === undefined) this.#at += 1;
    else this.#left.get(identity(entry))?.shift();
    const difference = recorded ? changed(recorded, entry) : `the code now decides ${describe(entry)}, which the journal does not hold`;
    if (difference) this.differs(difference);
    return recorded;
  }

  /** Ends the activation: each decision that the replay has not made is a difference. Returns the changes that were left out without one (P4). */
  rest(): readonly string[] {
    const left = this.#left === undefined ? this.#decided.slice(this.#at) : [...this.#left.values()].flat();
    if (left.length === 0) return NONE;
    const differing = left.filter(({ type }) => type !== 'ChangeTaken');
    for (const entry of differing)
      this.differences.push(this.#skipped.get(identity(entry)) ?? `the journal holds ${describe(entry)}, which the code no longer decides`);
    this.#left = new Map();
    return left.filter(({ type }) => type === 'ChangeTaken').map(({ path }) => path);
  }
}

const NONE: readonly string[] = [];

function byIdentity(decided: readonly Decided[]): Map<string, Decided[]> {
  const found = new Map<string, Decided[]>();
  for (const entry of decided) {
    const alike = found.get(identity(entry));
    if (alike) alike.push(entry);
    else found.set(identity(entry), [entry]);
  }
  return found;
}

function identity(entry: Decided): string {
  return `${entry.type} ${entry.path}`;
}

function describe(entry: Decided): string {
  return `${entry.type} ${entry.path}${'event' in entry ? ` (${entry.event})` : ''}`;
}

/**
 * Compares only members with a visible effect: the command, the instant, the branch, the end. `passed.ts` compares the values that user
 * code passes to a step.
 */
function changed(recorded: Decided, now: Decided): string | undefined {
  const fields = COMPARED[now.type];
  for (const field of fields ?? []) {
    if (field === 'due' && isOfPolicy(now.path)) continue;
    const [before, after] = [recorded[field as never], now[field as never]];
    if (before !== after) return `${describe(now)} has ${field} ${String(after)}, in the journal it is ${String(before)}`;
  }
  return undefined;
}

/** Timers whose length the contract or the options give. Both may change, and the recorded timer stays as it is. */
function isOfPolicy(path: string): boolean {
  return path === 'timeout' || path.endsWith('/retry');
}

const COMPARED: { readonly [T in Decided['type']]?: readonly string[] } = {
  CommandIssued: ['n', 'command', 'undoes', 'mode', 'owner'],
  TimerSet: ['n', 'due', 'rule'],
  TimerCleared: ['n'],
  EventTaken: ['id'],
  EventPutBack: ['id'],
  EventAnswered: ['event', 'id'],
  BranchWon: ['winner'],
  ScopeOpened: ['shielded'],
  ScopeClosed: ['status'],
  EventPublished: ['n', 'event'],
  CommandAbandoned: ['n'],
  CommandGivenUp: ['n'],
};

const FACTS: ReadonlySet<string> = new Set<RecordedFact['type']>([
  'ProcessStarted',
  'EventReceived',
  'CommandAnswered',
  'AttemptTimedOut',
  'TimerFired',
  'CancelRequested',
  'TerminateRequested',
  'ForkRequested',
  'Forked',
  'Paused',
  'Moved',
  'StartRejected',
  'StartQueued',
  'Resumed',
]);

/** The definition on which a run goes on at the end of these entries, and its code, if they name one. */
export function definitionAfter(entries: readonly JournalEntry[]): { readonly definition: string; readonly code?: string } | undefined {
  const named = entries.findLast((entry) => 'definition' in entry && isFact(entry) && entry.definition !== undefined);
  return named as { readonly definition: string; readonly code?: string } | undefined;
}

export function isFact(entry: JournalEntry): entry is RecordedFact {
  return FACTS.has(entry.type);
}
