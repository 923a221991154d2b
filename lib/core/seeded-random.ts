/**
 * A seeded generator: one seed gives the same numbers on every machine, so a replay draws the numbers of the first pass. It must not make
 * secrets. The algorithm is Bob Jenkins' small fast generator (sfc32), seeded by an FNV-1a hash of the text.
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: string) {
    this.#a = fnv(seed, 0x811c9dc5);
    this.#b = fnv(seed, 0x01000193);
    this.#c = fnv(seed, 0x9e3779b9);
    for (let i = 0; i < 12; i += 1) this.#next();
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  /** At least 0, less than 1. */
  number(): number {
    return (this.#next() * 2 ** 21 + (this.#next() >>> 11)) / 2 ** 53;
  }

  /** A version 4 UUID (RFC 9562). */
  uuid(): string {
    const hex = [this.#next(), this.#next(), this.#next(), this.#next()].map((word) => word.toString(16).padStart(8, '0')).join('');
    const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

function fnv(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
