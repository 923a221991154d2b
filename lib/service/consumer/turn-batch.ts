/**
 * Gathers the items of one turn of the event loop into calls of at most `most` items. An item waits for a few microtasks, never for a
 * timer.
 */
export class TurnBatch<T, R> {
  readonly #most: number;
  readonly #call: (items: readonly T[]) => Promise<readonly R[]>;
  #items: T[] = [];
  #results: Promise<readonly R[]> | undefined;

  constructor(most: number, call: (items: readonly T[]) => Promise<readonly R[]>) {
    this.#most = most;
    this.#call = call;
  }

  /** Resolves with the item's own result, or rejects with the error of the call that carried it. */
  async add(item: T): Promise<R> {
    const index = this.#items.push(item) - 1;
    const results = (this.#results ??= this.#flush());
    if (this.#items.length === this.#most) this.#close();
    return (await results)[index] as R;
  }

  #close(): readonly T[] {
    const items = this.#items;
    this.#items = [];
    this.#results = undefined;
    return items;
  }

  async #flush(): Promise<readonly R[]> {
    const items = this.#items;
    // The messages of one batch proceed in lockstep, one or two microtasks apart.
    await Promise.resolve();
    await Promise.resolve();
    if (this.#items === items) this.#close();
    return this.#call(items);
  }
}
