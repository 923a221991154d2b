import type { StandardSchemaV1 } from '@standard-schema/spec';
import { canonical } from './wire/canonical.ts';
import type { Frozen } from './frozen-type.ts';
import type { Json } from './wire/json.ts';
import { parse, type Data, type Received, type Schema, type Sent, type Wire } from './schema.ts';

/** A schema and all that came before it. Writers send the newest version; readers upcast older ones step by step. */
export interface Versions<D> extends StandardSchemaV1<Sent<D>, Received<D>> {
  /** Adds a version; `upcast` makes its data from data of the version before. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as a const parameter it keeps literals
  next<S extends Schema, const R extends Frozen<Sent<Data<S>>>>(
    schema: Wire<S>,
    upcast: (old: Frozen<Received<D>>) => R,
  ): Versions<Data<S>>;
}

/** One version: its schema, and how its data is made from that of the version before (of the first, never asked). */
export interface VersionStep {
  readonly schema: Schema;
  readonly upcast: (old: never) => unknown;
}

interface Versioned extends Schema {
  readonly '~versions'?: readonly VersionStep[];
}

/** What `parseVersion` returns for data that is newer than this contract: give it back and let a newer reader have it. */
export const NEWER: unique symbol = Symbol('newer than this contract');

/**
 * Begins a versioned schema, which is itself a schema of its newest version and goes wherever one goes.
 * @example import { versions } from 'tutti'; const Address = versions(V1).next(V2, old => ({ lines: [old.street] }));
 */
export function versions<S extends Schema>(first: Wire<S>): Versions<Data<S>> {
  return versioned<Data<S>>([{ schema: first as Schema, upcast: (old: unknown) => old }]);
}

function versioned<D>(steps: readonly VersionStep[]): Versions<D> {
  const newest = steps[steps.length - 1] as VersionStep;
  return Object.freeze({
    '~standard': newest.schema['~standard'],
    '~versions': Object.freeze(steps),
    next: (schema: unknown, upcast: (old: never) => unknown) => versioned([...steps, Object.freeze({ schema: schema as Schema, upcast })]),
  }) as unknown as Versions<D>;
}

/** The versions behind a schema, or undefined where it is a plain one. */
export function stepsOf(schema: Schema): readonly VersionStep[] | undefined {
  return (schema as Versioned)['~versions'];
}

/** The version that a writer by this schema sends; 1 for a plain schema. */
export function versionOf(schema: Schema): number {
  return stepsOf(schema)?.length ?? 1;
}

/**
 * Parses data that was written as version `dataversion` (absent = 1), upcast to the newest. Returns `NEWER` where this
 * contract does not know that version yet. Throws `DATA_INVALID` as `parse` does.
 */
export function parseVersion(schema: Schema, dataversion: number | undefined, value: unknown, what: string): Json | typeof NEWER {
  const steps = stepsOf(schema);
  const from = dataversion ?? 1;
  const newest = steps === undefined ? 1 : steps.length;
  if (from > newest) return NEWER;
  if (from === newest || steps === undefined) return parse(schema, value, what);
  return upcast(steps, from, newest, parse((steps[from - 1] as VersionStep).schema, value, what), what);
}

/** Data of version `from`, parsed, as version `to`. */
function upcast(steps: readonly VersionStep[], from: number, to: number, parsed: Json, what: string): Json {
  let data = parsed;
  for (const step of steps.slice(from, to)) data = parse(step.schema, step.upcast(data as never), what);
  return data;
}

/**
 * Parses what a writer gives. The newest version that accepts it counts, and an older one is upcast: code that was written before a
 * version was added goes on, and sends the newest. Throws `DATA_INVALID` as the newest version does where no version accepts it.
 */
export function parseGiven(schema: Schema, value: unknown, what: string): Json {
  try {
    return parse(schema, value, what);
  } catch (error) {
    const steps = stepsOf(schema) ?? [];
    const given = olderVersion(steps.slice(0, -1), value);
    if (given === undefined) throw error;
    return upcast(steps, given.version, steps.length, given.data, what);
  }
}

interface Versioning {
  readonly version: number;
  readonly data: Json;
}

/** The newest of some versions that accepts a value, and what it makes of it. */
function olderVersion(steps: readonly VersionStep[], value: unknown): Versioning | undefined {
  for (let version = steps.length; version >= 1; version--) {
    const data = accepted((steps[version - 1] as VersionStep).schema, value);
    if (data !== undefined) return { version, data };
  }
  return undefined;
}

/** What was made of a value when the contract had fewer versions; the latest of these contracts comes first. */
export function* givenBefore(schema: Schema, value: unknown): Iterable<Versioning> {
  const steps = stepsOf(schema) ?? [];
  for (let version = steps.length - 1; version >= 1; version--) {
    const data = attempt(() => parseGiven(versioned(steps.slice(0, version)), value, ''));
    if (data !== undefined) yield { version, data };
  }
}

function accepted(schema: Schema, value: unknown): Json | undefined {
  return attempt(() => parse(schema, value, ''));
}

function attempt(act: () => Json): Json | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** The version of stored data whose version was not stored: the oldest that leaves it as it is, else the newest. */
export function versionOfData(schema: Schema, data: Json): number {
  const steps = stepsOf(schema) ?? [];
  const oldest = steps.findIndex((step) => {
    const same = accepted(step.schema, data);
    return same !== undefined && canonical(same) === canonical(data);
  });
  return oldest < 0 ? versionOf(schema) : oldest + 1;
}

/** Data that was stored by an earlier contract, as the newest version has it; as it is where this contract does not accept it. */
export function parseStored(schema: Schema, data: Json, version = versionOfData(schema, data)): Json {
  try {
    const parsed = parseVersion(schema, version, data, '');
    return parsed === NEWER ? data : parsed;
  } catch {
    return data;
  }
}
