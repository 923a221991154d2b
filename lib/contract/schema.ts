import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ContractError, isOrchestratorError } from './errors.ts';
import { type Json, JsonFault, canonical, plainJson } from './wire/json.ts';
import { thrownText } from './wire/thrown-text.ts';

export type { Json } from './wire/json.ts';

/** Any schema with a `~standard` member: zod, valibot, arktype. */
export type Schema = StandardSchemaV1<any, any>;

/** The type of a schema's data on the wire: its output type, or both types if they differ (defaults, brands). */
export type Data<S extends Schema> = [S] extends [never] ? never : Wired<StandardSchemaV1.InferInput<S>, StandardSchemaV1.InferOutput<S>>;
type Wired<I, O> = [O] extends [null] ? Nothing : [I] extends [O] ? O : Written<I, O>;

/** A type whose writers may omit fields that readers always get. */
export interface Written<I, O> {
  readonly '~sent': I;
  readonly '~received': O;
}

/** The schema of an absent value: writers pass nothing or null, readers get null. */
export type NothingSchema = StandardSchemaV1<void | null, null>;
/** The output of a command that declares none: writers pass nothing or null, readers get null. */
export interface Nothing extends Written<void | null, null> {}

/** The type that a writer passes: fields with a default are optional. */
export type Sent<D> = D extends Written<infer I, any> ? I : D;

/** The type on the wire, which a reader gets: the parsed value. */
export type Received<D> = D extends Written<any, infer O> ? O : D;

/** `S` if its values are JSON and its output parses again. If not, the sentence that tsc prints. */
export type Wire<S extends Schema> = Checked<S, StandardSchemaV1.InferInput<S>, StandardSchemaV1.InferOutput<S>>;
type Checked<S, I, O> = [O] extends [Json]
  ? [O] extends [I]
    ? S
    : NotBack<I, O>
  : undefined extends O
    ? unknown extends O
      ? NotJson<O>
      : 'the value may be undefined, which is not JSON'
    : NotJson<O>;

/**
 * The sentence for the first part of `T` that is not JSON. Only evaluated for a wrong schema. test/types/not-json.ts has an example of
 * each branch.
 */
export type NotJson<T, At extends string = '', Depth extends 0[] = []> = Depth['length'] extends 7
  ? never
  : unknown extends T
    ? `${Field<At>} is unknown, which may not be JSON`
    : T extends string | number | boolean | null | undefined
      ? never
      : T extends bigint
        ? `${Field<At>} is a bigint, which is not JSON`
        : T extends Date
          ? `${Field<At>} is a Date, which is not JSON: write an ISO string`
          : T extends symbol | ((...args: never) => unknown) | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
            ? `${Field<At>} is not JSON`
            : T extends readonly (infer U)[]
              ? NotJson<U, `${At}[]`, [...Depth, 0]>
              : T extends object
                ? Fault<
                    { [K in keyof T & string]: T[K] extends Json | undefined ? never : NotJson<T[K], Path<At, K>, [...Depth, 0]> }[keyof T &
                      string],
                    At
                  >
                : `${Field<At>} is not JSON`;
type NotBack<I, O, At extends string = ''> = O extends readonly unknown[]
  ? Back<At>
  : O extends object
    ? [I] extends [object]
      ? {
          [K in keyof O & string]: K extends keyof I
            ? [O[K]] extends [I[K]]
              ? never
              : NotBack<I[K], O[K], Path<At, K>>
            : Back<Path<At, K>>;
        }[keyof O & string]
      : Back<At>
    : Back<At>;
type Back<At extends string> = `${Field<At>} does not accept its own output, which the reader parses again`;
type Fault<F, At extends string> = [F] extends [never] ? `${Field<At>} is not plain JSON: declare a type, not an interface` : F;
type Path<At extends string, K extends string> = At extends '' ? K : `${At}.${K}`;
type Field<At extends string> = At extends '' ? 'the value' : At;

const NOTHING_VALUE = Object.freeze({ value: null });
const NOTHING_ISSUES = Object.freeze({ issues: [{ message: 'expected nothing or null' }] });

/** Accepts undefined and null, returns null: the output of a command that declares none. */
export const nothingSchema: NothingSchema = Object.freeze({
  '~standard': Object.freeze({
    version: 1 as const,
    vendor: 'tutti',
    validate: (value: unknown) => (value === undefined || value === null ? NOTHING_VALUE : NOTHING_ISSUES),
    jsonSchema: Object.freeze({ input: () => ({ type: 'null' }), output: () => ({ type: 'null' }) }),
  }),
});

/**
 * The parsed `value`. Throws `DATA_INVALID`. `what` is the beginning of the message, which continues with the wrong field and its value:
 * `payments.charge was called with` gives `payments.charge was called with amount -5: expected at least 0.`
 */
export function parse(schema: Schema, value: unknown, what: string): Json {
  const result = schema['~standard'].validate(value);
  if ((result as { readonly then?: unknown }).then !== undefined) throw asynchronous(result as Promise<unknown>, what);
  const { issues } = result as StandardSchemaV1.Result<Json>;
  if (issues !== undefined) throw invalid(issues, value, what);
  const parsed = (result as StandardSchemaV1.SuccessResult<Json>).value;
  // A schema such as z.any() passes values that JSON cannot represent: JSON.stringify would silently change them.
  const plain = plainJson(parsed);
  if (plain instanceof JsonFault) throw notJson(plain, what);
  return plain;
}

function asynchronous(result: Promise<unknown>, what: string): ContractError {
  // The promise is not used. Without a handler, its rejection would end the process.
  result.then(undefined, () => undefined);
  return new ContractError(
    'SCHEMA_ASYNC',
    `${what} a value whose schema is asynchronous: expected a synchronous schema, because a decision never waits.`,
  );
}

function notJson({ reason, path }: JsonFault, what: string): ContractError {
  return new ContractError('DATA_INVALID', `${what} a value that cannot be sent as JSON: ${reason}.`, {
    details: { issues: [{ path: path.join('.'), message: reason }] },
  });
}

const ISSUES_SHOWN_MAX = 5;

function invalid(issues: readonly StandardSchemaV1.Issue[], value: unknown, what: string): ContractError {
  const shown = issues.slice(0, ISSUES_SHOWN_MAX).map((issue) => issueText(issue, value));
  const more = issues.length - shown.length;
  const text = shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
  const details = {
    issues: issues.slice(0, ISSUES_SHOWN_MAX).map((issue) => ({ path: pathOf(issue).join('.'), message: issue.message })),
    what,
  };
  return new ContractError('DATA_INVALID', `${what} ${text}${text.endsWith('.') ? '' : '.'}`, { details });
}

/**
 * The message of an error without the values that `parse` quotes. Use it for logs, and for stored or sent text that others than the owner
 * of the data can read.
 */
export function withoutValues(error: unknown): string {
  if (!isOrchestratorError(error) || error.code !== 'DATA_INVALID') return thrownText(error);
  const { issues, what } = (error.details ?? {}) as { readonly issues?: readonly PlainIssue[]; readonly what?: string };
  if (issues === undefined || what === undefined) return error.message;
  const text = issues.map(({ path, message }) => `${path === '' ? 'a value' : path}: ${message}`).join('; ');
  return `${what} ${text}${text.endsWith('.') ? '' : '.'}`;
}

interface PlainIssue {
  readonly path: string;
  readonly message: string;
}

function issueText(issue: StandardSchemaV1.Issue, value: unknown): string {
  const path = pathOf(issue);
  const got = show(at(value, path));
  return `${path.length === 0 ? got : `${path.join('.')} ${got}`}: ${issue.message}`;
}

function pathOf(issue: StandardSchemaV1.Issue): string[] {
  return (issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment));
}

function at(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

const SHOWN_LENGTH_MAX = 80;

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint') return `${value}n`;
  const text = stringified(value);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

function stringified(value: unknown): string {
  try {
    return JSON.stringify(value) ?? `a ${typeof value}`;
  } catch {
    return 'a value that is not JSON';
  }
}

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
  return upcast(steps, { version: from, data: parse((steps[from - 1] as VersionStep).schema, value, what) }, newest, what);
}

/** Converts parsed data of a version to version `to`. */
function upcast(steps: readonly VersionStep[], parsed: Versioning, to: number, what: string): Json {
  let { data } = parsed;
  for (const step of steps.slice(parsed.version, to)) data = parse(step.schema, step.upcast(data as never), what);
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
    return upcast(steps, given, steps.length, what);
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

/**
 * `T` with every level readonly, because Tutti freezes values at run time. A type that accepts any JSON becomes `Json`, so that a value
 * read by one schema can be written by another.
 */
export type Frozen<T> = [T] extends [Scalar] ? T : [AnyJson] extends [T] ? Json : FrozenParts<T>;
type FrozenParts<T> = T extends Scalar ? T : { readonly [K in keyof T]: Frozen<T[K]> };
type Scalar = string | number | boolean | null | undefined;
type AnyJson = string | number | boolean | null | AnyJson[] | { [key: string]: AnyJson };

/**
 * Freezes journaled data deeply, so that user code cannot change it and a cached run equals a replayed one. A value is frozen before its
 * members, so the recursion ends on cycles.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) frozen(each);
  return value;
}
