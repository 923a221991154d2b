export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** How deep values may nest; deeper ones are refused, so that no recursion over data is unbounded. */
export const JSON_DEPTH_MAX = 64;

/**
 * Why `value` is not JSON that may travel, or undefined where it is. Refused are: what JSON cannot say, instances of
 * classes, more than 64 levels, and the key names by which data reaches into prototypes.
 */
export function jsonFault(value: unknown, depth = 0): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string':
      return isWellFormed(value) ? undefined : 'a string holds half a surrogate pair, which UTF-8 cannot say';
    case 'number':
      return Number.isFinite(value) ? undefined : `${value} is not a JSON number`;
    case 'object':
      if (value === null) return undefined;
      if (depth >= JSON_DEPTH_MAX) return `the value nests deeper than ${JSON_DEPTH_MAX} levels`;
      return Array.isArray(value) ? elementFault(value, depth) : memberFault(value as Record<string, unknown>, depth);
    default:
      return `a value of type ${typeof value} is not JSON`;
  }
}

function elementFault(values: readonly unknown[], depth: number): string | undefined {
  for (let index = 0; index < values.length; index++) {
    const fault = jsonFault(values[index], depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function memberFault(value: Record<string, unknown>, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'an instance of a class is not plain JSON';
  for (const key in value) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') return `the key ${key} is not allowed`;
    const member = value[key];
    if (member === undefined) continue;
    if (!isWellFormed(key)) return 'a key holds half a surrogate pair, which UTF-8 cannot say';
    const fault = jsonFault(member, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Of ES2024, which Node 20 has and the es2023 declarations do not. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
