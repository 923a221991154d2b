interface Waiting {
  readonly who: string;
  readonly go: () => void;
}

/** Whose turn it is: everything that does I/O waits here before, and a choice lets one go on. */
export class Turns {
  readonly #waiting: Waiting[] = [];

  wait(who: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ who, go: resolve }));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the one at `place` go on, in the order in which they came; returns who it is. */
  letGo(place: number): string {
    const [chosen] = this.#waiting.splice(place, 1);
    chosen?.go();
    return chosen?.who ?? '';
  }
}

/** Resolves when everything that waits for no turn and no time has run. */
export const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
