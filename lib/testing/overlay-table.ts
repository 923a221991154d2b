import type { Table } from '../adapters/memory/table.ts';

/** A view of another table before some changes, with its own writes on top. It never writes to the other table. */
export class OverlayTable<Key extends string | number, Value> implements Table<Key, Value> {
  /** The writes to this table; undefined for a deleted key. */
  readonly written = new Map<Key, Value | undefined>();
  readonly #under: Table<Key, Value>;
  readonly #before: ReadonlyMap<Key, Value | undefined>;

  /** `before`: the previous value of each key that the other table has changed. */
  constructor(under: Table<Key, Value>, before: ReadonlyMap<Key, Value | undefined> = new Map()) {
    this.#under = under;
    this.#before = before;
  }

  get(key: Key): Value | undefined {
    if (this.written.has(key)) return this.written.get(key);
    return this.#before.has(key) ? this.#before.get(key) : this.#under.get(key);
  }

  set(key: Key, value: Value): void {
    this.written.set(key, value);
  }

  delete(key: Key): void {
    this.written.set(key, undefined);
  }

  list(group: string): readonly Value[] {
    return this.#under.list(group);
  }

  resident(): IterableIterator<Value> {
    return this.#under.resident();
  }
}
