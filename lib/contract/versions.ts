import type { StandardSchemaV1 } from '@standard-schema/spec';
import { canonical } from './wire/canonical.ts';
import type { Frozen } from './frozen-type.ts';
import type { Json } from './wire/json.ts';
import { parse, type Data, type Received, type Schema, type Sent, type Wire } from './schema.ts';

/** A schema and its earlier versions. Writers send the newest version; readers upcast older data step by step. */
export interface Versions<D> extends StandardSchemaV1<Sent<D>, Received<D>> {
  /** Adds a version. `upcast` converts data of the previous version. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as a const parameter it keeps literals
  next<S extends Schema, const R extends Frozen<Sent<Data<S>>>>(
    schema: Wire<S>,
    upcast: (old: Frozen<Received<D>>) => R,
  ): Versions<Data<S>>;
}

/** One version: its schema, and the conversion from the previous version (for the first version never called). */
export interface VersionStep {
  readonly schema: Schema;
  readonly upcast: (old: never) => unknown;
}

interface Versioned extends Schema {
  readonly '~versions'?: readonly VersionStep[];
}

/** The result of `parseVersion` for data that is newer than this contract. Release the message, so that a newer build reads it. */
export const NEWER: unique symbol = Symbol('newer than this contract');

/**
 * Defines a versioned schema with its first version. The result is itself a schema of its newest version.
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

/** The versions of a schema; undefined for a plain schema. */
export function stepsOf(schema: Schema): readonly VersionStep[] | undefined {
  return (schema as Versioned)['~versions'];
}

/** The version that a writer of this schema sends; 1 for a plain schema. */
export function versionOf(schema: Schema): number {
  return stepsOf(schema)?.length ?? 1;
}

/**
 * Parses data of version `dataversion` (absent = 1) and upcasts it to the newest version. Returns `NEWER` if this contract does not have
 * that version yet. Throws `DATA_INVALID`, as `parse` does.
 */
export function parseVersion(schema: Schema, dataversion: number | undefined, value: unknown, what: string): Json | typeof NEWER {
  const steps = stepsOf(schema);
  const from = dataversion ?? 1;
  const newest = steps === undefined ? 1 : steps.length;
  if (from > newest) return NEWER;
  if (from === newest || steps === undefined) return parse(schema, value, what);
  return upcast(steps, from, newest, parse((steps[from - 1] as VersionStep).schema, value, what), what);
}

/** Converts parsed data of version `from` to version `to`. */
function upcast(steps: readonly VersionStep[], from: number, to: number, parsed: Json, what: string): Json {
  let data = parsed;
  for (const step of steps.slice(from, to)) data = parse(step.schema, step.upcast(data as never), what);
  return data;
}

/**
 * Parses a value that a writer passes. The newest version that accepts the value applies, and data of an older version is upcast, so that
 * code from before a new version still works and sends the newest version. If no version accepts the value, throws the `DATA_INVALID` of
 * the newest version.
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

/** The newest of the given versions that accepts `value`, and the parsed data. */
function olderVersion(steps: readonly VersionStep[], value: unknown): Versioning | undefined {
  for (let version = steps.length; version >= 1; version--) {
    const data = accepted((steps[version - 1] as VersionStep).schema, value);
    if (data !== undefined) return { version, data };
  }
  return undefined;
}

/** The data that earlier contracts, with fewer versions, parsed from `value`. The latest of these contracts comes first. */
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

/** The version of stored data that has no stored version: the oldest version that parses it unchanged, else the newest. */
export function versionOfData(schema: Schema, data: Json): number {
  const steps = stepsOf(schema) ?? [];
  const oldest = steps.findIndex((step) => {
    const same = accepted(step.schema, data);
    return same !== undefined && canonical(same) === canonical(data);
  });
  return oldest < 0 ? versionOf(schema) : oldest + 1;
}

/** Stored data of an earlier contract, upcast to the newest version. Data that this contract does not accept is returned unchanged. */
export function parseStored(schema: Schema, data: Json, version = versionOfData(schema, data)): Json {
  try {
    const parsed = parseVersion(schema, version, data, '');
    return parsed === NEWER ? data : parsed;
  } catch {
    return data;
  }
}
