/** Reports that an invariant does not hold, and where. */
export type Report = (invariant: string, what: string) => void;

/** One broken rule breaks others; a reader needs the first few. */
const VIOLATIONS_MAX = 50;

/** Each violation once, in the order of discovery, beginning with the name of its invariant. */
export class Violations {
  readonly all: string[] = [];
  readonly #known = new Set<string>();

  readonly report: Report = (invariant, what) => {
    const violation = `${invariant}: ${what}`;
    if (this.all.length >= VIOLATIONS_MAX || this.#known.has(violation)) return;
    this.#known.add(violation);
    this.all.push(violation);
  };
}
