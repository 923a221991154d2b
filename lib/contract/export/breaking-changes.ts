import type { ExportedFile } from './exported-file.ts';
import { type Json, canonical } from '../wire/json.ts';

/** A change that breaks a reader or a writer of the previous contract. */
export interface BreakingChange {
  /** The exported file. */
  readonly file: string;
  /** JSON pointer into the file; empty for the whole file. */
  readonly at: string;
  readonly change: string;
}

/** Only the schemas of data are compared. Messages, envelopes and the AsyncAPI document follow from them. */
const DATA = /^(?:events|commands)\//;

/** Keywords that do not affect a reader. `default` is one of them, because the writer fills in defaults before it sends. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'examples',
  'deprecated',
  'default',
]);

type Node = Readonly<Record<string, unknown>>;

/**
 * The breaking changes between two exports. Services are deployed at different times and messages wait in queues, so old readers must
 * understand new writers and the reverse. The only change that an existing version allows is a new optional field.
 */
export function breakingChanges(before: readonly ExportedFile[], after: readonly ExportedFile[]): readonly BreakingChange[] {
  const now = new Map(after.map(({ path, json }) => [path, json]));
  return before
    .filter(({ path }) => DATA.test(path))
    .flatMap(({ path, json }) => {
      const other = now.get(path);
      const found = other === undefined ? [{ at: '', change: 'it was removed' }] : [...differences(json, other, '')];
      return found.map((difference) => ({ file: path, ...difference }));
    });
}

type Difference = Omit<BreakingChange, 'file'>;

function* differences(before: unknown, after: unknown, at: string): Iterable<Difference> {
  if (!isNode(before) || !isNode(after)) {
    if (textOf(before) !== textOf(after)) yield { at, change: `it was ${textOf(before)} and is ${textOf(after)}` };
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (ANNOTATIONS.has(key)) continue;
    if (key === 'properties' || key === '$defs') yield* members(before, after, key, at);
    else if (key === 'required') yield* required(before, after, at);
    else if (isSchemas(before[key]) && isSchemas(after[key])) yield* elements(before[key], after[key], `${at}/${key}`);
    else yield* differences(before[key], after[key], `${at}/${key}`);
  }
}

/** Compares named schemas: existing ones must stay, new ones are allowed. */
function* members(before: Node, after: Node, key: 'properties' | '$defs', at: string): Iterable<Difference> {
  const [old, now] = [nodeAt(before, key), nodeAt(after, key)];
  for (const [name, schema] of Object.entries(old)) {
    const place = `${at}/${key}/${name}`;
    if (now[name] === undefined) yield { at: place, change: 'it was removed' };
    else yield* differences(schema, now[name], place);
  }
  if (key !== 'properties' || before['additionalProperties'] !== false) return;
  for (const name of Object.keys(now)) {
    if (old[name] === undefined)
      yield { at: `${at}/${key}/${name}`, change: 'it is new, and the previous contract refuses unknown members' };
  }
}

/** A required member must stay required, because old readers rely on it. An optional one must stay optional, because old writers omit it. */
function* required(before: Node, after: Node, at: string): Iterable<Difference> {
  const [old, now] = [namesIn(before), namesIn(after)];
  const known = nodeAt(before, 'properties');
  for (const name of old) {
    const isGone = nodeAt(after, 'properties')[name] === undefined;
    if (!now.has(name) && !isGone) yield { at: `${at}/properties/${name}`, change: 'it was required and is optional' };
  }
  for (const name of now) {
    if (!old.has(name))
      yield {
        at: `${at}/properties/${name}`,
        change: known[name] === undefined ? 'it is new and required' : 'it was optional and is required',
      };
  }
}

function* elements(before: readonly Node[], after: readonly Node[], at: string): Iterable<Difference> {
  if (before.length !== after.length) yield { at, change: `it had ${before.length} alternatives and has ${after.length}` };
  else for (const [index, schema] of before.entries()) yield* differences(schema, after[index], `${at}/${index}`);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isSchemas(value: unknown): value is readonly Node[] {
  return Array.isArray(value) && value.every(isNode);
}
function nodeAt(node: Node, key: string): Node {
  return isNode(node[key]) ? node[key] : {};
}
function namesIn(node: Node): ReadonlySet<string> {
  return new Set(Array.isArray(node['required']) ? (node['required'] as string[]) : []);
}
function textOf(value: unknown): string {
  return value === undefined ? 'absent' : canonical(value as Json);
}
