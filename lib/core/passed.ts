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
 * A value that user code passes to a command, an event or a view, and its schema. Contracts change while runs are open, so the passed value
 * and the sent value can differ.
 *
 * E1 The sent value is the parsed one, and `hash` is its hash. `asked` is the hash of the passed value, written if it differs.
 * E2 A replay compares the passed value. It is no difference if the contract now parses the same value in another way.
 * E3 A sent value does not change: a command keeps its input, and the version of the input, under each of its numbers.
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
}

/** The value to send for a value that user code passes at a step. */
export function sending(run: ProcessRun, type: HashedType, path: string, passed: Passed): Sending {
  const recorded = run.expected?.recorded(type, path) as (Hashed & { readonly n?: number }) | undefined;
  return recorded ? sentBefore(run, `${type} ${path}`, recorded, passed) : sentNow(run, passed);
}

/** The value to send again from the head or the journal. User code passes no value, so a replay compares nothing. */
export function sendingAgain(run: ProcessRun, type: HashedType, path: string, sent: SentValue): Sending {
  const recorded = run.expected?.recorded(type, path) as Hashed | undefined;
  if (recorded) return { ...sent, hashes: hashesOf(recorded) };
  const wireHash = fullHash(run, sent.data);
  return { ...sent, wireHash, hashes: { hash: wireHash.slice(0, SHORT_HASH_LENGTH) } };
}

type HashedType = 'CommandIssued' | 'EventPublished' | 'ViewChanged';

function sentNow(run: ProcessRun, passed: Passed): Sending {
  const parsed = parsedOf(passed);
  // `refuse` marks the bug, so user code that catches the error changes nothing.
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
}

function sentBefore(run: ProcessRun, step: string, recorded: Hashed & { readonly n?: number }, passed: Passed): Sending {
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
  if ('fault' in parsed && !same) return refuse(run, 'POISON', withoutValues(parsed.fault), parsed.fault);
  const data = now ?? (JSON.parse(text as string) as Json);
  if (!same)
    run.expected?.differs(`${step} ${differenceOf(data, run.expected.sentUnder(recorded.n), shortHash(run, data), recorded.hash)}`);
  return { data, hashes, ...(now !== undefined && { version: newest(schema) }) };
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

type Parsed = { readonly data: Json } | { readonly fault: unknown };

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
