import type { Table } from '../adapters/memory/table.ts';

/** Another table as it stood before some changes, with writes of its own on top. The other one is never written to. */
export class OverlayTable<Key extends string | number, Value> implements Table<Key, Value> {
  /** What was written here. */
  readonly written = new Map<Key, Value | undefined>();
  readonly #under: Table<Key, Value>;
  readonly #before: ReadonlyMap<Key, Value | undefined>;

  /** `before`: what stood under the keys that the other table has changed since. */
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
