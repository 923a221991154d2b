/** A binary heap: the least value first. */
export class OrderedHeap<Value> {
  readonly #values: Value[] = [];
  readonly #compare: (left: Value, right: Value) => number;

  constructor(compare: (left: Value, right: Value) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#values.length;
  }

  first(): Value | undefined {
    return this.#values[0];
  }

  push(value: Value): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = values[above] as Value;
      if (this.#compare(parent, value) <= 0) break;
      values[at] = parent;
      at = above;
    }
    values[at] = value;
  }

  pop(): Value | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last !== undefined && values.length > 0) this.#sink(last);
    return least;
  }

  #sink(value: Value): void {
    const values = this.#values;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= values.length) break;
      if (below + 1 < values.length && this.#compare(values[below + 1] as Value, values[below] as Value) < 0) below += 1;
      const child = values[below] as Value;
      if (this.#compare(value, child) <= 0) break;
      values[at] = child;
      at = below;
    }
    values[at] = value;
  }
}
