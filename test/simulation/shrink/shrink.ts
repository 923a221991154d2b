/**
 * Makes a failing stream of choices smaller, as Hypothesis does: it knows nothing of the world, only that 0 is the harmless choice.
 *
 * K1 A candidate is kept when the same thing fails and the choices that were truly taken are simpler: fewer of them harmful, or as many
 *    and shorter, or as long and lower. Therefore the search ends.
 * K2 It is bounded by tries, not by time: the same failure shrinks to the same choices on every machine.
 */
export interface ShrinkOptions {
  /** @default 2,000 */
  readonly triesMax?: number;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly tries: number;
  /** Choices that are not 0, of the best so far. */
  readonly harmful: number;
  readonly length: number;
}

export interface Shrunk {
  readonly choices: readonly number[];
  readonly tries: number;
  /** Whether a whole round has found nothing simpler; false if the tries ran out. */
  readonly minimal: boolean;
}

/** Runs a world on these choices. Returns the choices that were taken if the same thing fails, otherwise undefined. */
export type StillFails = (choices: readonly number[]) => Promise<readonly number[] | undefined>;

const TRIES_MAX = 2_000;

export const shrink = async (failing: readonly number[], stillFails: StillFails, options: ShrinkOptions = {}): Promise<Shrunk> => {
  const search = new Search(failing, stillFails, options);
  const minimal = await search.run();
  return { choices: search.best, tries: search.tries, minimal };
};

class Search {
  best: readonly number[];
  tries = 0;
  readonly #stillFails: StillFails;
  readonly #triesMax: number;
  readonly #onProgress: (progress: ShrinkProgress) => void;
  readonly #seen = new Set<string>();

  constructor(failing: readonly number[], stillFails: StillFails, { triesMax = TRIES_MAX, onProgress = () => undefined }: ShrinkOptions) {
    this.best = trimmed(failing);
    this.#stillFails = stillFails;
    this.#triesMax = triesMax;
    this.#onProgress = onProgress;
  }

  /** Runs rounds of all passes until one finds nothing; returns false if the tries ran out. */
  async run(): Promise<boolean> {
    for (;;) {
      const before = this.best;
      await this.#cutTail();
      await this.#zeroBlocks();
      await this.#deleteBlocks();
      await this.#lowerValues();
      await this.#lowerAndDelete();
      if (this.#spent) return false;
      if (this.best === before) return true;
    }
  }

  get #spent(): boolean {
    return this.tries >= this.#triesMax;
  }

  /** Finds the shortest beginning that still fails; all later choices are harmless. */
  async #cutTail(): Promise<void> {
    let [fails, holds] = [this.best.length, 0];
    while (fails - holds > 1 && !this.#spent) {
      const middle = (fails + holds) >> 1;
      if (await this.#kept(this.best.slice(0, middle))) fails = Math.min(middle, this.best.length);
      else holds = middle;
    }
  }

  /** Sets blocks of harmful choices to 0, from all of them down to one. No choice moves, so most of the world stays as it is. */
  async #zeroBlocks(): Promise<void> {
    for (let size = harmfulOf(this.best).length; size >= 1 && !this.#spent; size = size >> 1) {
      for (let end = harmfulOf(this.best).length; end > 0 && !this.#spent; end -= size) {
        const zeroed = new Set(harmfulOf(this.best).slice(Math.max(0, end - size), end));
        await this.#kept(this.best.map((value, i) => (zeroed.has(i) ? 0 : value)));
        end = Math.min(end, harmfulOf(this.best).length + size);
      }
    }
  }

  /** Deletes blocks of choices, from the end: a message, an act or a whole instance less. */
  async #deleteBlocks(): Promise<void> {
    for (let size = this.best.length >> 1; size >= 1 && !this.#spent; size = size >> 1) {
      for (let end = this.best.length; end > 0 && !this.#spent; end -= size) {
        await this.#kept(this.best.toSpliced(Math.max(0, end - size), Math.min(size, end)));
        end = Math.min(end, this.best.length + size);
      }
    }
  }

  /** Lowers each harmful choice as far as possible. */
  async #lowerValues(): Promise<void> {
    for (const i of harmfulOf(this.best).toReversed()) {
      let [fails, holds] = [this.best[i] ?? 0, 0];
      while (fails - holds > 1 && !this.#spent) {
        const middle = (fails + holds) >> 1;
        if (await this.#kept(this.best.with(i, middle))) fails = this.best[i] ?? 0;
        else holds = middle;
      }
    }
  }

  /** Lowers a choice that counts later choices, and deletes some of those together with it. */
  async #lowerAndDelete(): Promise<void> {
    for (const i of harmfulOf(this.best)) {
      for (let size = 1; size <= 32 && !this.#spent; size *= 2) {
        const value = this.best[i] ?? 0;
        if (value === 0) break;
        await this.#kept(this.best.with(i, value - 1).toSpliced(i + 1, size));
      }
    }
  }

  async #kept(candidate: readonly number[]): Promise<boolean> {
    const simpler = trimmed(candidate);
    const key = simpler.join();
    if (this.#spent || this.#seen.has(key) || !isSimpler(simpler, this.best)) return false;
    this.#seen.add(key);
    this.tries += 1;
    const taken = await this.#stillFails(simpler);
    const found = taken === undefined ? undefined : trimmed(taken);
    const kept = found !== undefined && isSimpler(found, this.best);
    if (kept) this.best = found;
    this.#onProgress({ tries: this.tries, harmful: harmfulOf(this.best).length, length: this.best.length });
    return kept;
  }
}

/** Indices of the choices that are not the harmless one. */
const harmfulOf = (choices: readonly number[]): number[] => choices.flatMap((value, i) => (value === 0 ? [] : [i]));

const isSimpler = (a: readonly number[], b: readonly number[]): boolean => {
  const order = harmfulOf(a).length - harmfulOf(b).length || a.length - b.length || sum(a) - sum(b);
  return order < 0;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Zeros at the end are left out, because they are the default. */
const trimmed = (choices: readonly number[]): readonly number[] => choices.slice(0, choices.findLastIndex((each) => each !== 0) + 1);
