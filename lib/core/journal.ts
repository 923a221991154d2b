import type { Json } from '../contract/schema.ts';
import { excessBytes, VALUE_BYTES_MAX } from '../contract/wire/wire.ts';
import { count } from './activation.ts';
import { mark } from './bug.ts';
import { isFact, type Decided, type JournalEntry } from './journal-entry.ts';
import { refuseBeyondRoom } from './journal-room.ts';
import type { ProcessRun } from './run.ts';

/** A value above this many characters of JSON is stored apart, under its SHA-256. */
export const VALUE_CHARACTERS_MAX = 1024;

/** Appends an entry; while replaying, compares it with the journal instead. */
export const journal = (run: ProcessRun, entry: JournalEntry): void => {
  run.position += 1;
  count(run, 'entries');
  if (!run.expected) {
    refuseBeyondRoom(run, entry);
    run.image.tail.push(encoded(run, entry));
  } else if (!isFact(entry)) run.expected.match(entry);
};

/**
 * What a limit decides is decided once, and shows in the journal by an entry of this type and path. A replay does what the journal says,
 * so a contract may change its limits under an open run, and journals of older builds replay.
 */
export const decidedByLimit = (run: ProcessRun, type: Decided['type'], path: string, live: () => boolean): boolean =>
  run.expected ? run.expected.numberOf(type, path) !== undefined : live();

const encoded = (run: ProcessRun, entry: JournalEntry): string => {
  const whole = JSON.stringify(entry);
  if (whole.length <= VALUE_CHARACTERS_MAX) return whole;
  const dataref = 'data' in entry && entry.data !== undefined ? offload(run, entry.data) : undefined;
  const late = 'late' in entry && entry.late ? offload(run, entry.late.input) : undefined;
  return JSON.stringify({
    ...entry,
    ...(dataref !== undefined && { data: undefined, dataref }),
    ...(late !== undefined && 'late' in entry && { late: { ...entry.late, input: undefined, inputref: late } }),
  });
};

/** Puts a large value aside and returns its name; a small one stays where it is. */
export const offload = (run: ProcessRun, data: Json): string | undefined => {
  const text = JSON.stringify(data);
  if (text.length <= VALUE_CHARACTERS_MAX) return undefined;
  const excess = excessBytes(text);
  if (excess !== undefined) mark(run, 'SIZE', `A value of ${run.image.pid} has ${excess} bytes: at most ${VALUE_BYTES_MAX} are allowed.`);
  const hash = run.environment.hash(text);
  run.payloads.set(hash, text);
  return hash;
};

export const SHORT_HASH_LENGTH = 16;

/** SHA-256 of the canonical value. */
export const fullHash = (run: ProcessRun, data: Json): string => run.environment.hash(run.environment.canonical(data));

/** First 16 hex digits: enough to tell two values of one step apart. */
export const shortHash = (run: ProcessRun, data: Json): string => fullHash(run, data).slice(0, SHORT_HASH_LENGTH);
