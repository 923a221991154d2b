interface Waiting {
  readonly who: string;
  readonly go: () => void;
}

/** The order of all I/O: each call waits here first, and a choice lets one continue. */
export class Turns {
  readonly #waiting: Waiting[] = [];

  wait(who: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ who, go: resolve }));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the call at `place` continue, counted in the order of arrival; returns its name. */
  letGo(place: number): string {
    const [chosen] = this.#waiting.splice(place, 1);
    chosen?.go();
    return chosen?.who ?? '';
  }
}

/** Resolves when everything has run that waits for no turn and no time. */
export const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
