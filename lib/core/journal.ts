import type { Json } from '../contract/schema.ts';
import { excessBytes, VALUE_BYTES_MAX } from '../contract/wire/wire.ts';
import { count } from './activation.ts';
import { mark } from './bug.ts';
import { isFact, type Decided, type JournalEntry } from './journal-entry.ts';
import { refuseBeyondRoom } from './journal-room.ts';
import type { ProcessRun } from './run.ts';

/** A value of more characters of JSON is stored as a payload, under its SHA-256. */
export const VALUE_CHARACTERS_MAX = 1024;

/** Appends an entry. During a replay it compares the entry with the journal instead. */
export function journal(run: ProcessRun, entry: JournalEntry): void {
  run.position += 1;
  count(run, 'entries');
  if (!run.expected) {
    refuseBeyondRoom(run, entry);
    run.image.tail.push(encoded(run, entry));
  } else if (!isFact(entry)) run.expected.match(entry);
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
