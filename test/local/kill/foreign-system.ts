import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One effect of the foreign system. */
export interface ForeignEffect {
  readonly key: string;
  readonly command: string;
  readonly cart: string;
  readonly answer: string;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

/** A foreign system: it takes an idempotency key with each request, and remembers in an append-only file what it did. */
export class ForeignSystem {
  readonly #file: string;
  readonly #known = new Map<string, ForeignEffect>();

  constructor(file: string) {
    this.#file = file;
    for (const effect of readForeignEffects(file)) this.#known.set(effect.key, effect);
  }

  /** Does it once per key, and gives the first answer to every repetition. */
  request(key: string, command: string, cart: string): string {
    const known = this.#known.get(key);
    if (known !== undefined) return known.answer;
    const effect: ForeignEffect = { key, command, cart, answer: `${command}-${this.#known.size + 1}`, at: Date.now() };
    // The file first: what a killed process leaves, the next one must know.
    appendFileSync(this.#file, `${JSON.stringify(effect)}\n`);
    this.#known.set(key, effect);
    return effect.answer;
  }
}

export const readForeignEffects = (file: string): readonly ForeignEffect[] => {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ForeignEffect);
};
