import { SeededRandom } from '../../../lib/core/seeded-random.ts';

/**
 * All chance in a simulated world, as one stream of small numbers: drawn from a seed and recorded, or read from a record that may be
 * shortened. 0 is always the harmless choice (no fault, the first, the shortest), so a stream that was cut short, or has zeros in places,
 * still makes a world, and a calmer one.
 */
export class Choices {
  /** The choices so far. */
  readonly taken: number[] = [];
  readonly #random: SeededRandom | undefined;
  readonly #given: readonly number[];

  private constructor(random: SeededRandom | undefined, given: readonly number[]) {
    this.#random = random;
    this.#given = given;
  }

  static seeded(seed: string | number): Choices {
    return new Choices(new SeededRandom(String(seed)), []);
  }

  /** Follows `given`, as far as each choice allows; after its end, each choice is the harmless one. */
  static recorded(given: readonly number[]): Choices {
    return new Choices(undefined, given);
  }

  /** A whole number from 0 up to `count`, exclusive. A `count` of 1 or less takes nothing from the stream. */
  below(count: number): number {
    if (count <= 1) return 0;
    const chosen = this.#random ? Math.floor(this.#random.number() * count) : Math.min(this.#given[this.taken.length] ?? 0, count - 1);
    this.taken.push(chosen);
    return chosen;
  }

  /** True with this chance, from 0 to 1. False is the harmless choice; a chance of 0 or 1 takes nothing from the stream. */
  chance(chance: number): boolean {
    if (chance <= 0) return false;
    if (chance >= 1) return true;
    const chosen = this.#random ? Number(this.#random.number() < chance) : (this.#given[this.taken.length] ?? 0) & 1;
    this.taken.push(chosen);
    return chosen === 1;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  one<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /** At least 0, less than 1, in steps of 1/1,000: for code that takes a random function. */
  fraction(): number {
    return this.below(1_000) / 1_000;
  }
}
