/**
 * Values by key, the storage of the memory adapters. The SQLite adapters use a logged table instead, so
 * that the semantics of a store are written once.
 */
export interface Table<Key extends string | number, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  /** The values of one group, in the order of their keys; none if the table has no groups. */
  list(group: string): readonly Value[];
  /** The values in memory: all values of a memory table, at least those that must stay of a logged one. */
  resident(): IterableIterator<Value>;
}

/** A table in a map. */
export class MemoryTable<Key extends string | number, Value> implements Table<Key, Value> {
  readonly #values = new Map<Key, Value>();
  readonly #groups = new Map<string, Set<Key>>();
  readonly #groupOf: ((value: Value) => string) | undefined;

  constructor(groupOf?: (value: Value) => string) {
    this.#groupOf = groupOf;
  }

  get(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  set(key: Key, value: Value): void {
    this.#values.set(key, value);
    if (this.#groupOf === undefined) return;
    const group = this.#groupOf(value);
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, new Set([key]));
    else keys.add(key);
  }

  delete(key: Key): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    if (this.#groupOf !== undefined) this.#groups.get(this.#groupOf(value))?.delete(key);
  }

  list(group: string): readonly Value[] {
    const keys = [...(this.#groups.get(group) ?? [])].sort(byKey);
    return keys.map((key) => this.#values.get(key) as Value);
  }

  resident(): IterableIterator<Value> {
    return this.#values.values();
  }
}

export function byKey(left: string | number, right: string | number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
