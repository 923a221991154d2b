import assert from 'node:assert/strict';

/** A reference to a shorter string would save nothing. */
const SHARED_LENGTH_MIN = 64;
/** A text is shared by a command's message, claim and reply, so a writer keeps the texts of the last few thousand commands only. */
const SHARED_MAX = 4_096;
const ABSENT = -1;
const SAME = -2;
const FIRST_REFERENCE = -3;
/** A number that is absent. */
const NO_NUMBER = 'x;';

/**
 * Writes a record as fields one after the other: a number as `<digits>;`, a string as `<length>;<characters>`. Nothing is
 * escaped, so a long body costs a copy and no more. A negative length means: absent, the same as before, or the same as
 * an earlier shared string, because the text of a command is written as message, claim and reply.
 */
export class FieldWriter {
  #text = '';
  #shared = new Map<string, number>();
  /** The shared strings before those of `#shared`. */
  #sharedBefore = new Map<string, number>();
  #count = 0;
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
    this.#text += value === undefined ? NO_NUMBER : `${value};`;
  }

  /** `previous` is the same field of the previous image. An equal field costs two characters. */
  string(value: string | undefined, previous?: string): void {
    if (value === undefined) this.#text += `${ABSENT};`;
    else if (value === previous) this.#text += `${SAME};`;
    else this.#text += `${value.length};${value}`;
  }

  /** As `string`; the text is written once only until `forget`, or until thousands of others were. */
  shared(value: string | undefined, previous?: string): void {
    if (!this.#share || value === undefined || value === previous || value.length < SHARED_LENGTH_MIN) {
      this.string(value, previous);
      return;
    }
    const reference = this.#shared.get(value) ?? this.#sharedBefore.get(value);
    if (reference === undefined) {
      this.#keep(value);
      this.#text += `${value.length};${value}`;
    } else {
      this.#text += `${FIRST_REFERENCE - reference};`;
    }
  }

  /** Readers keep every shared string, so that a reference stays right after older strings were dropped here. */
  #keep(value: string): void {
    if (this.#shared.size === SHARED_MAX) {
      this.#sharedBefore = this.#shared;
      this.#shared = new Map();
    }
    this.#shared.set(value, this.#count);
    this.#count += 1;
  }

  clear(): void {
    this.#text = '';
  }

  /** Forgets the shared strings, so that later fields refer to no earlier one. */
  forget(): void {
    this.#shared.clear();
    this.#sharedBefore.clear();
    this.#count = 0;
  }
}

/** Reads the fields of a `FieldWriter` in the same order. An assertion fails if a field has another form. */
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
    const text = this.#field();
    const value = Number(text);
    if (text === '' || Number.isNaN(value)) assert.fail(`Expected a number in front of character ${this.#at}.`);
    return value;
  }

  optionalNumber(): number | undefined {
    if (this.#text.startsWith(NO_NUMBER, this.#at)) {
      this.#at += NO_NUMBER.length;
      return undefined;
    }
    return this.number();
  }

  string(previous?: string): string | undefined {
    return this.#characters(this.number(), previous);
  }

  shared(previous?: string): string | undefined {
    const length = this.number();
    if (length <= FIRST_REFERENCE) {
      const shared = this.#shared[FIRST_REFERENCE - length];
      if (shared === undefined) assert.fail(`No shared string has the reference in front of character ${this.#at}.`);
      return shared;
    }
    const value = this.#characters(length, previous);
    if (this.#share && length >= SHARED_LENGTH_MIN) this.#shared.push(value as string);
    return value;
  }

  #characters(length: number, previous: string | undefined): string | undefined {
    if (length === ABSENT) return undefined;
    if (length === SAME) return previous;
    const end = this.#at + length;
    if (!(Number.isInteger(length) && length >= 0 && end <= this.#text.length))
      assert.fail(`Expected ${length} characters behind character ${this.#at}.`);
    const value = this.#text.slice(this.#at, end);
    this.#at = end;
    return value;
  }

  /** The text up to the next `;`. */
  #field(): string {
    const end = this.#text.indexOf(';', this.#at);
    if (end === -1) assert.fail(`Expected a field behind character ${this.#at}.`);
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }
}

/** The encoding of a value of a table. With `previous`, it may write only the changes, and reads them with the same `previous`. */
export interface Codec<Value> {
  encode(writer: FieldWriter, value: Value, previous: Value | undefined): void;
  decode(reader: FieldReader, previous: Value | undefined): Value;
}
