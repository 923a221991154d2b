import { OrchestratorError } from '../../contract/errors.ts';

/** Chances between 0 and 1, each of them drawn anew at every call or entry. @default 0, of each */
export interface FaultChances {
  /** A call fails before it has done anything. */
  readonly before?: number;
  /** A call does its work, and then its answer is lost. */
  readonly answerLost?: number;
  /** A read that need not be consistent returns an older image. */
  readonly stale?: number;
  /** An entry of a batch is not taken, and can be tried again. */
  readonly entryFailed?: number;
  /** A message is refused as the fault of its sender. */
  readonly senderFault?: number;
  /** A message is there twice, under two ids; or is delivered again while it is still held. */
  readonly duplicate?: number;
  /** A message or an event comes later than it should, by up to `delayMaxSeconds`. */
  readonly delay?: number;
  /** @default 5 */
  readonly delayMaxSeconds?: number;
  /** The messages of one delivery change places. */
  readonly reorder?: number;
}

/** Draws faults: as many and as bad as AWS may show, and the same ones for the same seed. */
export class Faults {
  readonly #random: () => number;
  /** May be replaced at any time, so that a test can end the bad weather. */
  chances: FaultChances;

  /** `random` is seeded, at least 0 and less than 1. */
  constructor(random: () => number, chances: FaultChances) {
    this.#random = random;
    this.chances = chances;
  }

  draw(chance: number | undefined): boolean {
    return chance !== undefined && chance > 0 && this.#random() < chance;
  }

  /** An integer from 0 up to `count`, which is left out. */
  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** Runs a call that may fail before or after it. */
  async call<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    if (this.draw(this.chances.before)) throw new InjectedFault(`${name} failed before it did anything.`);
    const result = await run();
    if (this.draw(this.chances.answerLost)) throw new InjectedFault(`The answer of ${name} was lost.`);
    return result;
  }

  delaySeconds(): number {
    return this.draw(this.chances.delay) ? 1 + this.below(this.chances.delayMaxSeconds ?? 5) : 0;
  }

  shuffled<Value>(values: readonly Value[]): readonly Value[] {
    if (!this.draw(this.chances.reorder)) return values;
    const shuffled = [...values];
    for (let at = shuffled.length - 1; at > 0; at -= 1) {
      const other = this.below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other] as Value, shuffled[at] as Value];
    }
    return shuffled;
  }
}

/** A passing fault that a test has asked for. */
export class InjectedFault extends OrchestratorError {
  constructor(message: string) {
    super('INJECTED_FAULT', message, { retryable: true, remedy: 'Try again.' });
  }
}
