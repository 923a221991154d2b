import { ContractError } from '../errors.ts';
import { JSON_DEPTH_MAX, type Json } from './json.ts';

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
  const keys = Object.keys(value);
  for (const key of isSorted(keys) ? keys : keys.toSorted()) {
    const member = value[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(key)}:${textOf(member, depth)}`;
  }
  return `${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return false;
  }
  return true;
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
