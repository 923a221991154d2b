import { createHash } from 'node:crypto';

const START_OF_HASH = 'tutti';

/** Everything that happens, in order: one digest of all, and a line for each if requested. */
export class Trace {
  readonly lines: string[] = [];
  readonly #hash = createHash('sha256').update(START_OF_HASH);
  readonly #now: () => number;
  readonly #start: number;
  readonly #keeps: boolean;

  constructor(now: () => number, keeps: boolean) {
    this.#now = now;
    this.#start = now();
    this.#keeps = keeps;
  }

  record(what: string): void {
    const line = `${this.#now() - this.#start} ${what}\n`;
    this.#hash.update(line);
    if (this.#keeps) this.lines.push(`${((this.#now() - this.#start) / 1_000).toFixed(3).padStart(11)} s  ${what}`);
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
