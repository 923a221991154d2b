/** Whose turn it is: everything that does I/O waits here before, and a seeded choice lets one go on. */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets one go on, chosen by a number from 0 up to 1. */
  letOneGo(chance: number): void {
    const [go] = this.#waiting.splice(Math.floor(chance * this.#waiting.length), 1);
    go?.();
  }
}

/** Resolves when everything that waits for no turn and no time has run. */
export const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
