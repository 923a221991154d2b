import type { ExportedFile } from './exported-file.ts';
import { canonical } from '../wire/canonical.ts';
import type { Json } from '../wire/json.ts';

/** A change that somebody who reads or writes by the contract of before would meet. */
export interface BreakingChange {
  /** The exported file. */
  readonly file: string;
  /** JSON pointer into it; empty where the whole file is meant. */
  readonly at: string;
  readonly change: string;
}

/** Data is all that counts: messages, envelopes and the document follow from it. */
const DATA = /^(?:events|commands)\//;

/** What a reader does not decide by. A default is filled in before data travels. */
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
 * What breaks between two exports. Services are not deployed together, and messages wait in queues, so readers of before
 * must understand what is written now, and the other way round: only an optional field may come to a version that exists.
 */
export function breakingChanges(before: readonly ExportedFile[], after: readonly ExportedFile[]): readonly BreakingChange[] {
  const now = new Map(after.map(({ path, json }) => [path, json]));
  return before
    .filter(({ path }) => DATA.test(path))
    .flatMap(({ path, json }) => {
      const other = now.get(path);
      const found = other === undefined ? [{ at: '', change: 'it is gone' }] : [...differences(json, other, '')];
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

/** Named schemas: those of before stay, others may come. */
function* members(before: Node, after: Node, key: 'properties' | '$defs', at: string): Iterable<Difference> {
  const [old, now] = [nodeAt(before, key), nodeAt(after, key)];
  for (const [name, schema] of Object.entries(old)) {
    const place = `${at}/${key}/${name}`;
    if (now[name] === undefined) yield { at: place, change: 'it is gone' };
    else yield* differences(schema, now[name], place);
  }
  if (key !== 'properties' || before['additionalProperties'] !== false) return;
  for (const name of Object.keys(now)) {
    if (old[name] === undefined)
      yield { at: `${at}/${key}/${name}`, change: 'it is new, and readers of before refuse what they do not know' };
  }
}

/** Readers count on what was required; writers of before leave out what was not. */
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

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchemas = (value: unknown): value is readonly Node[] => Array.isArray(value) && value.every(isNode);
const nodeAt = (node: Node, key: string): Node => (isNode(node[key]) ? node[key] : {});
const namesIn = (node: Node): ReadonlySet<string> => new Set(Array.isArray(node['required']) ? (node['required'] as string[]) : []);
const textOf = (value: unknown): string => (value === undefined ? 'absent' : canonical(value as Json));
