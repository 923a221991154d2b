import { ContractError } from '../errors.ts';
import type { Json } from './envelope.ts';

export type { Json } from './envelope.ts';

/** The deepest nesting of a value. The limit bounds each recursion over data. */
export const JSON_DEPTH_MAX = 64;

/** The reason why a value is not JSON, and its path. */
export class JsonFault {
  readonly reason: string;
  /** The path within the value, outermost key first. */
  readonly path: readonly (string | number)[];

  constructor(reason: string, path: readonly (string | number)[] = []) {
    this.reason = reason;
    this.path = path;
  }

  within(key: string | number): JsonFault {
    return new JsonFault(this.reason, [key, ...this.path]);
  }
}

/** The reason why `value` is not JSON; undefined for JSON. */
export function jsonFault(value: unknown, depth = 0): string | undefined {
  const plain = plainJson(value, depth);
  return plain instanceof JsonFault ? plain.reason : undefined;
}

/**
 * `value` as a reader gets it after JSON: without undefined members and with 0 for -0, because a replay must read the same value as the first
 * decision. The same object if nothing changes. Refuses values that JSON cannot represent, instances of classes, more than 64 levels, and
 * keys that access a prototype.
 */
export function plainJson(value: unknown, depth = 0): Json | JsonFault {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return isWellFormed(value) ? value : new JsonFault('a string contains a lone surrogate, which UTF-8 cannot encode');
    case 'number':
      if (!Number.isFinite(value)) return new JsonFault(`${value} is not a JSON number`);
      return value === 0 ? 0 : value;
    case 'object':
      if (value === null) return null;
      if (depth >= JSON_DEPTH_MAX) return new JsonFault(`the value nests deeper than ${JSON_DEPTH_MAX} levels`);
      return Array.isArray(value) ? plainElements(value, depth) : plainMembers(value as Record<string, unknown>, depth);
    default:
      return new JsonFault(`a value of type ${typeof value} is not JSON`);
  }
}

function plainElements(values: readonly unknown[], depth: number): Json | JsonFault {
  let changed: Json[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const plain = plainJson(values[index], depth + 1);
    if (plain instanceof JsonFault) return plain.within(index);
    if (Object.is(plain, values[index])) continue;
    changed ??= [...(values as readonly Json[])];
    changed[index] = plain;
  }
  return changed ?? (values as readonly Json[]);
}

function plainMembers(value: Record<string, unknown>, depth: number): Json | JsonFault {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return new JsonFault('an instance of a class is not plain JSON');
  let changed: Record<string, Json> | undefined;
  for (const key in value) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') return new JsonFault(`the key ${key} is not allowed`);
    const member = value[key];
    if (member !== undefined && !isWellFormed(key)) return new JsonFault('a key contains a lone surrogate, which UTF-8 cannot encode');
    const plain = member === undefined ? undefined : plainJson(member, depth + 1);
    if (plain instanceof JsonFault) return plain.within(key);
    if (plain !== undefined && Object.is(plain, member)) continue;
    changed ??= { ...value } as Record<string, Json>;
    if (plain === undefined) delete changed[key];
    else changed[key] = plain;
  }
  return changed ?? (value as Record<string, Json>);
}

/** `isWellFormed` is part of ES2024: Node 20 has it, the es2023 declarations do not. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Whether a value has the same members as the JSON value: then it has the same canonical text, if it has one. The test costs a fifth of
 * that text.
 */
export function isSameJson(value: unknown, json: Json | undefined): boolean {
  if (value === json) return true;
  if (typeof value !== 'object' || value === null || typeof json !== 'object' || json === null) return false;
  if (Array.isArray(value) !== Array.isArray(json)) return false;
  const members = value as { readonly [key: string]: unknown };
  const others = json as { readonly [key: string]: Json | undefined };
  const keys = Object.keys(members);
  if (keys.length !== Object.keys(others).length) return false;
  for (const key of keys) if (!Object.hasOwn(others, key) || !isSameJson(members[key], others[key])) return false;
  return true;
}

/**
 * The canonical text of a JSON value (RFC 8785): keys sorted by UTF-16 code units, no spaces, numbers and strings in the form of ECMAScript.
 * Equal data has equal text in every language, so equal hashes mean that two commands are the same request. Throws `DATA_INVALID` for a
 * value that is not JSON. A test compares the result with the `canonicalize` library.
 */
export function canonical(data: Json): string {
  return textOf(data, 0);
}

function textOf(data: Json | undefined, depth: number): string {
  switch (typeof data) {
    case 'string':
      return quoted(data);
    case 'number':
      if (!Number.isFinite(data)) throw notCanonical(String(data));
      return String(data);
    case 'boolean':
      return data ? 'true' : 'false';
    case 'object':
      if (data === null) return 'null';
      if (depth >= JSON_DEPTH_MAX) throw notCanonical(`a value nested deeper than ${JSON_DEPTH_MAX} levels`);
      return Array.isArray(data) ? arrayText(data, depth + 1) : objectText(data as { readonly [key: string]: Json | undefined }, depth + 1);
    default:
      throw notCanonical(`a value of type ${typeof data}`);
  }
}

function arrayText(values: readonly Json[], depth: number): string {
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += textOf(values[index], depth);
  }
  return `${text}]`;
}

function objectText(value: { readonly [key: string]: Json | undefined }, depth: number): string {
  let text = '{';
  for (const key of sorted(Object.keys(value))) {
    const member = value[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(key)}:${textOf(member, depth)}`;
  }
  return `${text}}`;
}

/** More keys than this are sorted by the engine of JavaScript, which allocates two lists for it. */
const FEW_KEYS = 16;

/** Sorts the list in place, by UTF-16 code units. */
function sorted(keys: string[]): readonly string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] as string;
    let at = index;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

/** Printable ASCII without quote and backslash, which needs no escaping. Most keys and values match. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) throw notCanonical('a string with a lone surrogate');
  return JSON.stringify(text);
}

function notCanonical(got: string): ContractError {
  return new ContractError('DATA_INVALID', `Data has no canonical form because it contains ${got}: expected JSON.`);
}
