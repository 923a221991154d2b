/** Rows of one statement, and between two looks at the clock. */
export const ROWS_MAX = 16;

/**
 * The changed slots of a table, and how far a checkpoint has written them. In: `add`, for each slot that becomes dirty. Out: the slots
 * whose rows are committed. Trunk: `begin` takes the dirty slots → `write` writes rows until a deadline → `endSlice`, until all are written.
 */
export class DirtySlots<Slot> {
  readonly #order: (left: Slot, right: Slot) => number;
  #dirty: Slot[] = [];
  /** Slots of the checkpoint: those before `#committed` have their rows, those from there to `#written` are in the open transaction. */
  #writing: Slot[] = [];
  #committed = 0;
  #written = 0;

  /** `order` is that of the rows in their table: neighbours are written one after the other, which costs half as much. */
  constructor(order: (left: Slot, right: Slot) => number) {
    this.#order = order;
  }

  add(slot: Slot): void {
    this.#dirty.push(slot);
  }

  /** The slots whose rows are not committed. */
  *all(): IterableIterator<Slot> {
    for (let at = this.#committed; at < this.#writing.length; at += 1) yield this.#writing[at] as Slot;
    yield* this.#dirty;
  }

  begin(): void {
    this.#writing = this.#dirty.sort(this.#order);
    this.#dirty = [];
    this.#committed = 0;
    this.#written = 0;
  }

  /** Calls `writeRows` for slots in the order of their rows. Returns false if the deadline passed before the last one. */
  write(writeRows: (slots: readonly Slot[]) => void, deadline: number): boolean {
    while (this.#written < this.#writing.length) {
      const slots = this.#writing.slice(this.#written, this.#written + ROWS_MAX);
      writeRows(slots);
      this.#written += slots.length;
      if (this.#written < this.#writing.length && performance.now() > deadline) return false;
    }
    return true;
  }

  /** Ends the transaction of a slice. Returns the slots whose rows it committed; after a rollback their rows are written again. */
  endSlice(isCommitted: boolean): readonly Slot[] {
    if (!isCommitted) {
      this.#written = this.#committed;
      return [];
    }
    const slice = this.#writing.slice(this.#committed, this.#written);
    this.#committed = this.#written;
    if (this.#written === this.#writing.length) {
      this.#writing = [];
      this.#committed = 0;
      this.#written = 0;
    }
    return slice;
  }
}
