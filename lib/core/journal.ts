import type { Json } from '../contract/schema.ts';
import { isFact, type JournalEntry } from './journal-entry.ts';
import type { Run } from './run.ts';

/** A value above this many characters of JSON is stored apart, under its SHA-256. */
export const VALUE_CHARACTERS_MAX = 1024;

/** Appends an entry; while replaying, compares it with the journal instead. */
export const journal = (run: Run, entry: JournalEntry): void => {
  run.position += 1;
  if (!run.expected) run.image.tail.push(encoded(run, entry));
  else if (!isFact(entry)) run.expected.match(entry);
};

const encoded = (run: Run, entry: JournalEntry): string => {
  const whole = JSON.stringify(entry);
  if (whole.length <= VALUE_CHARACTERS_MAX || !('data' in entry) || entry.data === undefined) return whole;
  const dataref = offload(run, entry.data);
  if (dataref === undefined) return whole;
  return JSON.stringify({ ...entry, data: undefined, dataref });
};

/** Puts a large value aside and returns its name; a small one stays where it is. */
export const offload = (run: Run, data: Json): string | undefined => {
  const text = JSON.stringify(data);
  if (text.length <= VALUE_CHARACTERS_MAX) return undefined;
  const hash = run.environment.hash(text);
  run.payloads.set(hash, text);
  return hash;
};

export const SHORT_HASH_LENGTH = 16;

/** SHA-256 of the canonical value. */
export const fullHash = (run: Run, data: Json): string => run.environment.hash(run.environment.canonical(data));

/** First 16 hex digits: enough to tell two values of one step apart. */
export const shortHash = (run: Run, data: Json): string => fullHash(run, data).slice(0, SHORT_HASH_LENGTH);
