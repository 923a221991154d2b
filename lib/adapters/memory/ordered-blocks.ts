/** Entries of a block. A full one is halved, so an insertion moves at most this many. */
const BLOCK = 512;

/** Distinct entries in order, in memory: an insertion, a deletion and a seek cost a binary search, also among a million. */
export class OrderedBlocks<Entry> {
  readonly #compare: (left: Entry, right: Entry) => number;
  readonly #blocks: Entry[][] = [];

  constructor(compare: (left: Entry, right: Entry) => number, entries: readonly Entry[] = []) {
    this.#compare = compare;
    const sorted = entries.toSorted(compare);
    for (let from = 0; from < sorted.length; from += BLOCK / 2) this.#blocks.push(sorted.slice(from, from + BLOCK / 2));
  }

  /** An entry that is there already stays. */
  add(entry: Entry): void {
    const at = Math.min(this.#blockOf(entry), this.#blocks.length - 1);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([entry]);
      return;
    }
    const place = this.#placeIn(block, entry);
    const there = block[place];
    if (there !== undefined && this.#compare(there, entry) === 0) return;
    block.splice(place, 0, entry);
    if (block.length > BLOCK) this.#blocks.splice(at + 1, 0, block.splice(BLOCK / 2));
  }

  delete(entry: Entry): void {
    const at = this.#blockOf(entry);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const place = this.#placeIn(block, entry);
    const there = block[place];
    if (there === undefined || this.#compare(there, entry) !== 0) return;
    block.splice(place, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** The entries behind `entry`, which need not be there. Nothing may be added or deleted meanwhile. */
  *behind(entry: Entry): IterableIterator<Entry> {
    let at = this.#blockOf(entry);
    const first = this.#blocks[at];
    if (first === undefined) return;
    let place = this.#placeIn(first, entry);
    const there = first[place];
    if (there !== undefined && this.#compare(there, entry) === 0) place += 1;
    for (let block: Entry[] | undefined = first; block !== undefined; block = this.#blocks[(at += 1)], place = 0)
      for (; place < block.length; place += 1) yield block[place] as Entry;
  }

  /** The first block that ends at or behind `entry`; their number if none does. */
  #blockOf(entry: Entry): number {
    return search(this.#blocks.length, (at) => this.#compare((this.#blocks[at] as Entry[]).at(-1) as Entry, entry) >= 0);
  }

  #placeIn(block: readonly Entry[], entry: Entry): number {
    return search(block.length, (at) => this.#compare(block[at] as Entry, entry) >= 0);
  }
}

/** The first of `count` places that fits, if all behind it fit too; `count` if none does. */
function search(count: number, fits: (at: number) => boolean): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (fits(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
