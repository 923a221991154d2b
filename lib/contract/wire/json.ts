export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

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
