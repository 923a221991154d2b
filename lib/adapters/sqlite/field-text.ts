/** Shorter strings are not worth a reference. */
const SHARED_LENGTH_MIN = 64;
const ABSENT = -1;
const SAME = -2;
const FIRST_REFERENCE = -3;

/**
 * Writes a record as fields one after the other: a number as `<digits>;`, a string as `<length>;<characters>`. Nothing is
 * escaped, so a long body costs a copy and no more. A negative length says: absent, the same as before, or the same as
 * an earlier shared string, because a command's text comes by as message, claim and answer.
 */
export class FieldWriter {
  #text = '';
  readonly #shared = new Map<string, number>();
  readonly #share: boolean;

  constructor(options: { readonly share: boolean }) {
    this.#share = options.share;
  }

  get length(): number {
    return this.#text.length;
  }

  get text(): string {
    return this.#text;
  }

  number(value: number): void {
    this.#text += `${value};`;
  }

  optionalNumber(value: number | undefined): void {
    this.#text += value === undefined ? 'x;' : `${value};`;
  }

  /** `previous`: the same field of the image before; equal ones cost two characters. */
  string(value: string | undefined, previous?: string): void {
    if (value === undefined) this.#text += `${ABSENT};`;
    else if (value === previous) this.#text += `${SAME};`;
    else this.#text += `${value.length};${value}`;
  }

  /** As `string`; the text is written once only until `forget`. */
  shared(value: string | undefined, previous?: string): void {
    if (!this.#share || value === undefined || value === previous || value.length < SHARED_LENGTH_MIN) {
      this.string(value, previous);
      return;
    }
    const reference = this.#shared.get(value);
    if (reference === undefined) {
      this.#shared.set(value, this.#shared.size);
      this.#text += `${value.length};${value}`;
    } else {
      this.#text += `${FIRST_REFERENCE - reference};`;
    }
  }

  clear(): void {
    this.#text = '';
  }

  /** Forgets the shared strings: what is written from now on refers to nothing before. */
  forget(): void {
    this.#shared.clear();
  }
}

/** Reads what a `FieldWriter` wrote, field by field in the same order. */
export class FieldReader {
  #text = '';
  #at = 0;
  #shared: string[] = [];
  readonly #share: boolean;

  constructor(options: { readonly share: boolean }) {
    this.#share = options.share;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  open(text: string): void {
    this.#text = text;
    this.#at = 0;
  }

  forget(): void {
    this.#shared = [];
  }

  number(): number {
    const end = this.#text.indexOf(';', this.#at);
    const value = Number(this.#text.slice(this.#at, end));
    this.#at = end + 1;
    return value;
  }

  optionalNumber(): number | undefined {
    const value = this.number();
    return Number.isNaN(value) ? undefined : value;
  }

  string(previous?: string): string | undefined {
    return this.#characters(this.number(), previous);
  }

  shared(previous?: string): string | undefined {
    const length = this.number();
    if (length <= FIRST_REFERENCE) return this.#shared[FIRST_REFERENCE - length];
    const value = this.#characters(length, previous);
    if (this.#share && length >= SHARED_LENGTH_MIN) this.#shared.push(value as string);
    return value;
  }

  #characters(length: number, previous: string | undefined): string | undefined {
    if (length === ABSENT) return undefined;
    if (length === SAME) return previous;
    const value = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }
}

/** How a value of a table is written. With `previous`, only what has changed need be written, and read back with the same `previous`. */
export interface Codec<Value> {
  encode(writer: FieldWriter, value: Value, previous: Value | undefined): void;
  decode(reader: FieldReader, previous: Value | undefined): Value;
}
