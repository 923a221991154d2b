import { withoutValues } from '../contract/schema.ts';
import { jsonFault, type Json } from '../contract/wire/json.ts';
import type { Schema } from '../contract/schema.ts';
import { givenBefore, parseGiven, versionOf } from '../contract/versions.ts';
import { refuse } from './bug.ts';
import { differenceOf } from './difference.ts';
import { fullHash, SHORT_HASH_LENGTH, shortHash } from './journal.ts';
import type { Hashed } from './journal-entry.ts';
import type { SentValue } from './image.ts';
import type { ProcessRun } from './run.ts';

/**
 * A value that user code passes to a command, an event or a view, and the schema that it must keep to. Contracts change while runs are
 * open, so what user code passes and what was sent for it are two things.
 *
 * E1 What is sent is the parsed value, and `hash` is its hash. `asked` is the hash of the value before parsing, written where it differs.
 * E2 Replay compares what user code passes. A contract that parses the same value otherwise by now is no difference.
 * E3 What was sent stays as it was sent: a command keeps its input, and the version of it, under every id that it is sent with.
 */
export interface Passed {
  readonly schema: Schema;
  readonly value: unknown;
  /** Begins the sentence about a value that breaks the schema. */
  readonly what: string;
}

/** What is sent for a passed value, and what its journal entry says of it. */
export interface Sending extends SentValue {
  /** The whole hash, where it is at hand. */
  readonly wireHash?: string;
  readonly hashes: Hashed;
}

/** What is sent for a value that user code passes at a step. */
export const sending = (run: ProcessRun, type: HashedType, path: string, passed: Passed): Sending => {
  const recorded = run.expected?.recorded(type, path) as (Hashed & { readonly n?: number }) | undefined;
  return recorded ? sentBefore(run, `${type} ${path}`, recorded, passed) : sentNow(run, passed);
};

/** What is sent for a value that the journal or the head holds already: user code passes nothing, so replay compares nothing. */
export const sendingAgain = (run: ProcessRun, type: HashedType, path: string, sent: SentValue): Sending => {
  const recorded = run.expected?.recorded(type, path) as Hashed | undefined;
  if (recorded) return { ...sent, hashes: hashesOf(recorded) };
  const wireHash = fullHash(run, sent.data);
  return { ...sent, wireHash, hashes: { hash: wireHash.slice(0, SHORT_HASH_LENGTH) } };
};

type HashedType = 'CommandIssued' | 'EventPublished' | 'ViewChanged';

const sentNow = (run: ProcessRun, passed: Passed): Sending => {
  const parsed = parsedOf(passed);
  // A bug also where user code catches it.
  if ('fault' in parsed) return refuse(run, 'POISON', withoutValues(parsed.fault), parsed.fault);
  const { data } = parsed;
  const text = run.environment.canonical(data);
  const wireHash = run.environment.hash(text);
  // The journal of a decider is never replayed.
  const asked = run.definition.kind === 'async' ? canonicalOf(run, passed.value) : undefined;
  return {
    ...sentFirst(passed.schema, data),
    wireHash,
    hashes: {
      hash: wireHash.slice(0, SHORT_HASH_LENGTH),
      ...(asked !== undefined && asked !== text && { asked: run.environment.hash(asked).slice(0, SHORT_HASH_LENGTH) }),
    },
  };
};

const sentBefore = (run: ProcessRun, step: string, recorded: Hashed & { readonly n?: number }, passed: Passed): Sending => {
  const { schema, value } = passed;
  const hashes = hashesOf(recorded);
  const parsed = parsedOf(passed);
  const now = 'data' in parsed ? parsed.data : undefined;
  if (now !== undefined && shortHash(run, now) === recorded.hash) return { ...sentFirst(schema, now), hashes };
  for (const before of givenBefore(schema, value)) if (shortHash(run, before.data) === recorded.hash) return { ...before, hashes };
  const text = canonicalOf(run, value);
  const asked = text === undefined ? undefined : run.environment.hash(text).slice(0, SHORT_HASH_LENGTH);
  // It was sent as it was passed; also where a release wrote the journal that did not write `asked`.
  if (text !== undefined && asked === recorded.hash) return { data: JSON.parse(text) as Json, hashes };
  const same = asked !== undefined && asked === recorded.asked;
  if ('fault' in parsed && !same) return refuse(run, 'POISON', withoutValues(parsed.fault), parsed.fault);
  const data = now ?? (JSON.parse(text as string) as Json);
  if (!same)
    run.expected?.differs(`${step} ${differenceOf(data, run.expected.sentUnder(recorded.n), shortHash(run, data), recorded.hash)}`);
  return { data, hashes, ...(now !== undefined && { version: newest(schema) }) };
};

/** A value that was just parsed by its schema. */
export const sentFirst = (schema: Schema, data: Json): SentValue => ({ data, version: newest(schema) });

const hashesOf = ({ hash, asked }: Hashed): Hashed => (asked === undefined ? { hash } : { hash, asked });

/** Kept for a plain schema too: its data may fit a version that the contract has later, and is of the first all the same. */
const newest = (schema: Schema): number => versionOf(schema);

type Parsed = { readonly data: Json } | { readonly fault: unknown };

const parsedOf = ({ schema, value, what }: Passed): Parsed => {
  try {
    return { data: parseGiven(schema, value, what) };
  } catch (fault) {
    return { fault };
  }
};

/** The canonical text of what user code passed; none where it is not JSON, since then its text does not tell it from others. */
const canonicalOf = (run: ProcessRun, value: unknown): string | undefined =>
  jsonFault(value) === undefined ? run.environment.canonical(value as Json) : undefined;
