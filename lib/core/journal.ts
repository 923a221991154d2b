import { type Schema, givenBefore, parseGiven, versionOf, withoutValues } from '../contract/schema.ts';
import { VALUE_BYTES_MAX, excessBytes } from '../contract/wire/wire.ts';
import { mark, refuse } from './bug.ts';
import { isFact } from './replay.ts';
import type { Decided, Hashed, JournalEntry } from './journal-entry.ts';
import { nextPath, ordinalOf, type ProcessRun, type Scope } from './run.ts';
import { JOURNAL_ENTRIES_MAX, JOURNAL_ENTRIES_TO_END, type SentValue } from './image.ts';
import { type Json, isSameJson, jsonFault } from '../contract/wire/json.ts';
import { differenceOf } from './difference.ts';

/** A value of more characters of JSON is stored as a payload, under its SHA-256. */
export const VALUE_CHARACTERS_MAX = 1024;

/** Appends an entry. During a replay it compares the entry with the journal instead. */
export function journal(run: ProcessRun, entry: JournalEntry): void {
  run.position += 1;
  count(run, 'entries');
  if (!run.expected) {
    refuseBeyondRoom(run, entry);
    run.image.tail.push(encoded(run, entry));
  } else if (!isFact(entry)) {
    const { expected } = run;
    const recorded = expected.match(entry);
    run.environment.observer?.replayed?.(run.image.pid, entry, recorded, expected.differences.length > 0);
  }
}

/**
 * A decision that depends on a limit is made once, and an entry of this type and path records it. A replay follows the journal, so a
 * contract may change its limits while runs are open, and journals of older builds replay.
 */
export function decidedByLimit(run: ProcessRun, type: Decided['type'], path: string, live: () => boolean): boolean {
  return run.expected ? run.expected.numberOf(type, path) !== undefined : live();
}

function encoded(run: ProcessRun, entry: JournalEntry): string {
  const whole = JSON.stringify(entry);
  if (whole.length <= VALUE_CHARACTERS_MAX) return whole;
  const dataref = 'data' in entry && entry.data !== undefined ? offload(run, entry.data) : undefined;
  const late = 'late' in entry && entry.late ? offload(run, entry.late.input) : undefined;
  return JSON.stringify({
    ...entry,
    ...(dataref !== undefined && { data: undefined, dataref }),
    ...(late !== undefined && 'late' in entry && { late: { ...entry.late, input: undefined, inputref: late } }),
  });
}

/** Makes a large value a payload of the run and returns its SHA-256. Returns undefined for a small value, which stays inline. */
export function offload(run: ProcessRun, data: Json): string | undefined {
  const text = JSON.stringify(data);
  if (text.length <= VALUE_CHARACTERS_MAX) return undefined;
  const excess = excessBytes(text);
  if (excess !== undefined) mark(run, 'SIZE', `A value of ${run.image.pid} has ${excess} bytes: at most ${VALUE_BYTES_MAX} are allowed.`);
  const hash = run.environment.hash(text);
  run.payloads.set(hash, text);
  return hash;
}

export const SHORT_HASH_LENGTH = 16;

/** SHA-256 of the canonical value. */
export function fullHash(run: ProcessRun, data: Json): string {
  return run.environment.hash(run.environment.canonical(data));
}

/** First 16 hex digits: enough to tell two values of one step apart. */
export function shortHash(run: ProcessRun, data: Json): string {
  return fullHash(run, data).slice(0, SHORT_HASH_LENGTH);
}

/** Entries that end a run. They are journaled even if the journal is full. */
const ENDS: ReadonlySet<string> = new Set<JournalEntry['type']>([
  'CancelRequested',
  'TerminateRequested',
  'RunContinued',
  'ProcessCompleted',
  'ProcessFailed',
  'ProcessCancelled',
  'ProcessTerminated',
  'EventsUnread',
]);

/**
 * A full journal refuses the entries that would continue the process. The entries of a cancellation, of its undos and of the end have
 * reserved room: an undo takes no more entries than the command that it undoes.
 */
export function refuseBeyondRoom(run: ProcessRun, { type }: JournalEntry): void {
  const { position, image, root } = run;
  if (position <= JOURNAL_ENTRIES_MAX || run.ended || ENDS.has(type)) return;
  if (root.state !== 'open' && position <= JOURNAL_ENTRIES_MAX + JOURNAL_ENTRIES_TO_END) return;
  refuse(
    run,
    'SIZE',
    `The journal of ${image.pid} is full: a run may write ${JOURNAL_ENTRIES_MAX} entries. Cancel the instance, which undoes what it did, or terminate it.`,
  );
}

/**
 * An activation (docs/replay.md#activation): one fact, and all that the front end requests until it waits again.
 *
 * A1 An activation is bounded. Requests, outcomes and journal entries are counted as they are created. Beyond the bound
 *    that one instance is stuck, and the thread serves the others.
 * A2 Between two activations no request is taken. A replay could not repeat the decisions of code that a native timer wakes.
 * A3 After a bug no step settles. A loop that catches the error of `refuse` waits at its next step.
 */

/** Limit of the requests, of the outcomes and of the journal entries of one activation. A control state holds far fewer. */
export const ACTIVATION_MAX = 10_000;

/** The limit allows for all unread events, which a process may read at once, and for the recorded length of a replayed activation. */
export function openActivation({ activation, unread, expected }: ProcessRun): void {
  activation.open = true;
  activation.requests = 0;
  activation.outcomes = 0;
  activation.entries = 0;
  activation.allowed = ACTIVATION_MAX + unread.length + (expected?.size ?? 0);
}

export function closeActivation({ activation }: ProcessRun): void {
  activation.open = false;
}

/** Counts one more of the activation (A1). */
export function count(run: ProcessRun, what: 'requests' | 'outcomes' | 'entries'): void {
  const { activation } = run;
  activation[what] += 1;
  if (activation[what] > activation.allowed) refuse(run, 'POISON', goesOn(run));
}

/** The message about a process whose activation does not end. */
export function goesOn({ definition }: ProcessRun): string {
  return `${definition.name} continues without waiting: one event made more than ${ACTIVATION_MAX} steps. In each turn of a loop await a step that takes time, and do not catch the cancellation of a step.`;
}

/** Whether a request of user code is taken. If not, its step must never settle (A3). */
export function requested(run: ProcessRun, method: string): boolean {
  if (run.bug || run.ended || !isOpen(run, `called ctx.${method}`)) return false;
  count(run, 'requests');
  return true;
}

/**
 * Whether user code runs within an activation (A2). If not, the instance is marked and nothing is thrown: code that a native timer
 * wakes has no caller, so its rejection would end the whole thread.
 */
export function isOpen(run: ProcessRun, what: string): boolean {
  if (run.activation.open) return true;
  const woken = 'woken by something other than a step, such as a native timer or a fetch';
  mark(run, 'POISON', `${run.definition.name} ${what} outside an activation, ${woken}: await only what ctx returns.`);
  return false;
}

/**
 * A value that user code passes to a command, an event or a view, and its schema. Contracts change while runs are open, so the passed value
 * and the sent value can differ.
 *
 * E1 The sent value is the parsed one, and `hash` is its hash. `asked` is the hash of the passed value, written if it differs.
 * E2 A replay compares the passed value. It is no difference if the contract now parses the same value in another way.
 * E3 A replay skips a value of `ctx.send` or `ctx.view` that the activation has not recorded, whatever it is (docs/replay.md#added).
 * E4 A sent value does not change: a command keeps its input, and the version of the input, under each of its numbers.
 */
export interface Passed {
  readonly schema: Schema;
  readonly value: unknown;
  /** The beginning of the error about a value that does not fit the schema. */
  readonly what: string;
}

/** The sent value, and the hashes of its journal entry. */
export interface Sending extends SentValue {
  /** The whole hash. Absent in a replay. */
  readonly wireHash?: string;
  readonly hashes: Hashed;
  /** The number of characters of its JSON, if that was counted. */
  readonly characters?: number;
}

/** The value to send for a value that user code passes at a step. */
export function sending(run: ProcessRun, type: HashedType, path: string, passed: Passed): Sending {
  const sent = trySending(run, type, path, passed);
  // `refuse` marks the bug, so user code that catches the error changes nothing.
  return 'fault' in sent ? refuse(run, 'POISON', withoutValues(sent.fault), sent.fault) : sent;
}

/** Like `sending`, but returns the fault of a value that does not fit its schema. In a replay it is a value that was not recorded. */
export function trySending(run: ProcessRun, type: HashedType, path: string, passed: Passed): Sending | Unfit {
  const recorded = run.expected?.recorded(type, path) as (Hashed & { readonly n?: number }) | undefined;
  if (!recorded) return sentNow(run, passed);
  const before = sentBefore(run, `${type} ${path}`, recorded, passed);
  if ('fault' in before || before.difference === undefined) return before;
  const { difference, ...sent } = before;
  run.expected?.differs(difference);
  return sent;
}

/**
 * The path and the value of a `ctx.send` or a `ctx.view`. Undefined if a replay skips it: the activation has recorded none at this path, or
 * another, which the code may still decide. The next one gets the same path.
 */
export function sendingUnlessNew(
  run: ProcessRun,
  type: 'CommandIssued' | 'ViewChanged',
  { scope, name }: { readonly scope: Scope; readonly name: string },
  passed: Passed,
): { readonly path: string; readonly input: Sending } | undefined {
  const { expected } = run;
  if (!expected) {
    const path = nextPath(scope, name);
    return { path, input: sending(run, type, path, passed) };
  }
  const path = `${scope.path}${name}:${ordinalOf(scope, name)}`;
  const recorded = expected.recorded(type, path);
  const alike = recorded && (recorded.type === 'ViewChanged' || recorded.mode === 'send');
  const before = alike ? sentBefore(run, `${type} ${path}`, recorded, passed) : undefined;
  if (before && 'fault' in before) return refuse(run, 'POISON', withoutValues(before.fault), before.fault);
  if (before && before.difference === undefined) return { path: nextPath(scope, name), input: before };
  expected.skips(type, path, before?.difference);
  run.skipped.push(`the code now decides ${type} ${path}, which the journal does not hold after entry ${run.position}: it is skipped`);
  return undefined;
}

/** The value to send again from the head or the journal. User code passes no value, so a replay compares nothing. */
export function sendingAgain(run: ProcessRun, type: HashedType, path: string, sent: SentValue): Sending {
  const recorded = run.expected?.recorded(type, path) as Hashed | undefined;
  if (recorded) return { ...sent, hashes: hashesOf(recorded) };
  const wireHash = fullHash(run, sent.data);
  return { ...sent, wireHash, hashes: { hash: wireHash.slice(0, SHORT_HASH_LENGTH) } };
}

type HashedType = 'CommandIssued' | 'EventPublished' | 'EventAnswered' | 'ViewChanged' | 'RunContinued';

function sentNow(run: ProcessRun, passed: Passed): Sending | Unfit {
  const parsed = parsedOf(passed);
  if ('fault' in parsed) return parsed;
  const { data } = parsed;
  const text = run.environment.canonical(data);
  const wireHash = run.environment.hash(text);
  // The journal of a decider is never replayed.
  const isOther = run.definition.kind === 'async' && !isSameJson(passed.value, data);
  const asked = isOther ? canonicalOf(run, passed.value) : undefined;
  return {
    ...sentFirst(passed.schema, data),
    wireHash,
    characters: text.length,
    hashes: {
      hash: wireHash.slice(0, SHORT_HASH_LENGTH),
      ...(asked !== undefined && asked !== text && { asked: run.environment.hash(asked).slice(0, SHORT_HASH_LENGTH) }),
    },
  };
}

function sentBefore(
  run: ProcessRun,
  step: string,
  recorded: Hashed & { readonly n?: number },
  passed: Passed,
): (Sending & { readonly difference?: string }) | Unfit {
  const { schema, value } = passed;
  const hashes = hashesOf(recorded);
  const parsed = parsedOf(passed);
  const now = 'data' in parsed ? parsed.data : undefined;
  if (now !== undefined && shortHash(run, now) === recorded.hash) return { ...sentFirst(schema, now), hashes };
  for (const before of givenBefore(schema, value)) if (shortHash(run, before.data) === recorded.hash) return { ...before, hashes };
  const text = canonicalOf(run, value);
  const asked = text === undefined ? undefined : run.environment.hash(text).slice(0, SHORT_HASH_LENGTH);
  // The value was sent as it was passed. Releases that did not write `asked` come here too.
  if (text !== undefined && asked === recorded.hash) return { data: JSON.parse(text) as Json, hashes };
  const same = asked !== undefined && asked === recorded.asked;
  if ('fault' in parsed && !same) return parsed;
  const data = now ?? (JSON.parse(text as string) as Json);
  const sent = { data, hashes, ...(now !== undefined && { version: newest(schema) }) };
  if (same) return sent;
  return { ...sent, difference: `${step} ${differenceOf(data, run.expected?.sentUnder(recorded.n), shortHash(run, data), recorded.hash)}` };
}

/** A value that its schema has just parsed. */
export function sentFirst(schema: Schema, data: Json): SentValue {
  return { data, version: newest(schema) };
}

function hashesOf({ hash, asked }: Hashed): Hashed {
  return asked === undefined ? { hash } : { hash, asked };
}

/** A schema without versions gives 1: its data may also fit a version that the contract adds later, and stays of version 1. */
function newest(schema: Schema): number {
  return versionOf(schema);
}

interface Unfit {
  readonly fault: unknown;
}
type Parsed = { readonly data: Json } | Unfit;

function parsedOf({ schema, value, what }: Passed): Parsed {
  try {
    return { data: parseGiven(schema, value, what) };
  } catch (fault) {
    return { fault };
  }
}

/** The canonical text of a passed value. Undefined if the value is not JSON, because then other values could have the same text. */
function canonicalOf(run: ProcessRun, value: unknown): string | undefined {
  return jsonFault(value) === undefined ? run.environment.canonical(value as Json) : undefined;
}

/** A passed value as JSON. Undefined if it is not JSON. */
export function jsonOf(run: ProcessRun, value: unknown): Json | undefined {
  const text = canonicalOf(run, value);
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
