import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../../../contract/errors.ts';
import { encodeFrame, frameAt, frameBehind, frameBytesMax, HEADER_BYTES, type LogFrame } from './log-frame.ts';
import { openPrivate } from '../private-file.ts';
import type { Damage } from '../state-corrupt.ts';

/** A frame and where it lies. */
export interface PlacedFrame extends LogFrame {
  readonly file: string;
  readonly offset: number;
}

/** A file grows in zeros by this much at a time, because an append that makes a file longer must also commit its length and other dirty data. */
const GROWTH_BYTES = 1 << 22;
const ZEROS = Buffer.alloc(GROWTH_BYTES);
/** A frame is encoded in a buffer that is kept. One of a larger frame, as after a flood, is not. */
const SCRATCH_BYTES = 1 << 16;
const SCRATCH_BYTES_MAX = 1 << 22;

/** The calls of the operating system by which a log reaches the disk. */
export interface LogIo {
  /** Returns how many bytes it wrote, which may be less than `length`. */
  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number;
  sync(file: number): void;
}

const SYSTEM_IO: LogIo = { write: writeSync, sync: fdatasyncSync };

type Sizes = readonly [number, number];

/** The state of the log that the database stores. */
export interface LogState {
  /** The last segment whose changes are all in the tables. */
  readonly segment: number;
  /** The number of its last change. */
  readonly number: number;
  /** The least length of each file. */
  readonly sizes: Sizes;
}

export interface LogFilesOptions {
  readonly state: LogState;
  /** Stores the new least lengths. */
  readonly grown: (sizes: Sizes) => void;
  /** @default the calls of the operating system */
  readonly io?: LogIo;
}

/**
 * After a failed sync the system may have dropped what it could not write, and a later sync of the same bytes would succeed: so all bytes
 * that the failed one should have made durable are written again, the seal in front of the frame and the zeros of a grown file among them.
 *
 * The log on disk: two files that are written in turn, a segment each. A file is overwritten, not emptied: the disk
 * allocates nothing, which makes a large append three times as fast. The segment number of a frame distinguishes it from the
 * remains of an older segment.
 */
export class LogFiles {
  readonly #files: readonly [number, number];
  readonly #state: LogState;
  readonly #grown: (sizes: Sizes) => void;
  readonly #io: LogIo;
  #segment: number;
  #position = 0;
  readonly #sizes: [number, number];
  /** The part of `#sizes` that is stored. */
  #stored: Sizes;
  #scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  #damage: Damage | undefined;
  /** Whether the last bytes before `#position` are a seal. */
  #isSealed = false;
  #syncFailed = false;

  constructor(directory: string, { state, grown, io = SYSTEM_IO }: LogFilesOptions) {
    this.#files = [openPrivate(join(directory, nameOf(0))), openPrivate(join(directory, nameOf(1)))];
    this.#sizes = [fstatSync(this.#files[0]).size, fstatSync(this.#files[1]).size];
    this.#stored = state.sizes;
    this.#segment = state.segment;
    this.#state = state;
    this.#grown = grown;
    this.#io = io;
  }

  /** The segment that appends write to. */
  get segment(): number {
    return this.#segment;
  }

  /** The first damage that `read` found and that no crash explains. */
  get damage(): Damage | undefined {
    return this.#damage;
  }

  /** The frames that are not in the tables yet, in order, up to a frame that a crash tore or the first damage. */
  *read(): IterableIterator<PlacedFrame> {
    let next = this.#state.number + 1;
    for (const segment of [this.#state.segment + 1, this.#state.segment + 2]) {
      const bytes = this.#bytes(segment);
      let at = 0;
      for (let found = frameAt(bytes, at); found?.frame.segment === segment; found = frameAt(bytes, at)) {
        if (found.frame.first !== next) break;
        this.#segment = segment;
        if (found.frame.count > 0) yield { ...found.frame, file: nameOf(segment), offset: at };
        next += found.frame.count;
        at = found.end;
      }
      this.#damage = this.#damageIn(bytes, segment, at, next);
      if (this.#damage !== undefined) return;
    }
  }

  /** From now on frames go to the next segment, over the file of the one before the last: its changes must be in the tables. */
  rotate(): void {
    this.#segment += 1;
    this.#position = 0;
    this.#isSealed = false;
  }

  /** Appends a frame and returns when it is on disk. If it throws, the next append overwrites the frame. */
  append(first: number, count: number, text: string): void {
    const needed = frameBytesMax(text);
    if (this.#scratch.length < needed) this.#scratch = Buffer.allocUnsafe(needed);
    const length = encodeFrame(this.#scratch, { segment: this.#segment, first, count, text });
    const file = this.#file(this.#segment);
    this.#grow(this.#position + length + HEADER_BYTES);
    if (this.#syncFailed && this.#isSealed) this.#writeSeal(file, first, this.#position - HEADER_BYTES);
    this.#write(file, this.#scratch, length, this.#position);
    this.#sync(file);
    this.#position += length;
    this.#isSealed = false;
    if (needed > SCRATCH_BYTES_MAX) this.#scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
    this.#seal(file, first + count);
  }

  /** Empties both files. All changes are in the tables, and the least sizes are stored as 0. */
  empty(): void {
    for (const file of this.#files) ftruncateSync(file, 0);
    this.#sizes.fill(0);
    this.#stored = [0, 0];
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  #file(segment: number): number {
    return this.#files[placeOf(segment)];
  }

  #bytes(segment: number): Buffer {
    const file = this.#file(segment);
    const bytes = Buffer.allocUnsafe(fstatSync(file).size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length);
    }
    return bytes.subarray(0, length);
  }

  #damageIn(bytes: Buffer, segment: number, at: number, next: number): Damage | undefined {
    const file = nameOf(segment);
    const drops = `Every change from number ${next} on is dropped.`;
    const behind = frameBehind(bytes, at, this.#state.segment);
    if (behind !== undefined)
      return {
        file,
        offset: at,
        what: `does not begin a frame with change ${next}, but valid frames up to change ${lastNumber(bytes, at, this.#state.segment)} follow`,
        drops,
      };
    const least = this.#stored[placeOf(segment)];
    if (bytes.length < least) return { file, offset: bytes.length, what: `ends, but at least ${least} bytes were written`, drops };
    return undefined;
  }

  /** The frame is durable without its seal, so a failed seal is no fault: the next frame takes its place and needs none in front. */
  #seal(file: number, next: number): void {
    try {
      this.#writeSeal(file, next, this.#position);
    } catch {
      return;
    }
    this.#position += HEADER_BYTES;
    this.#isSealed = true;
  }

  #writeSeal(file: number, next: number, position: number): void {
    const seal = Buffer.allocUnsafe(HEADER_BYTES);
    encodeFrame(seal, { segment: this.#segment, first: next, count: 0, text: '' });
    this.#write(file, seal, HEADER_BYTES, position);
  }

  #sync(file: number): void {
    this.#syncFailed = true;
    this.#io.sync(file);
    this.#syncFailed = false;
  }

  #grow(needed: number): void {
    const place = placeOf(this.#segment);
    const file = this.#files[place];
    while (this.#sizes[place] < needed || this.#sizes[place] % GROWTH_BYTES !== 0) {
      const size = this.#sizes[place];
      this.#sizes[place] += this.#written(file, ZEROS, { offset: 0, length: GROWTH_BYTES - (size % GROWTH_BYTES), position: size });
    }
    if (this.#sizes[place] === this.#stored[place]) return;
    // A size is stored only when it is durable, so that a shorter file has always lost data.
    try {
      this.#sync(file);
    } catch (error) {
      // The zeros are written again.
      this.#sizes[place] = this.#stored[place];
      throw error;
    }
    const sizes: Sizes = [place === 0 ? this.#sizes[0] : this.#stored[0], place === 1 ? this.#sizes[1] : this.#stored[1]];
    this.#grown(sizes);
    this.#stored = sizes;
  }

  /** Writes all bytes: the operating system may accept a part and report no error, for example when the disk becomes full. */
  #write(file: number, bytes: Buffer, length: number, position: number): void {
    let done = 0;
    while (done < length) done += this.#written(file, bytes, { offset: done, length: length - done, position: position + done });
  }

  #written(file: number, bytes: Buffer, part: { readonly offset: number; readonly length: number; readonly position: number }): number {
    const written = this.#io.write(file, bytes, part.offset, part.length, part.position);
    if (written > 0) return written;
    throw new ClientError('DISK_FULL', 'The disk accepted no bytes of a write.');
  }
}

function placeOf(segment: number): 0 | 1 {
  return segment % 2 === 0 ? 0 : 1;
}

function nameOf(segment: number): string {
  return `log.${placeOf(segment)}`;
}

function lastNumber(bytes: Buffer, from: number, segment: number): number {
  let last = 0;
  for (let found = frameBehind(bytes, from, segment); found !== undefined; found = frameBehind(bytes, found.end, segment))
    last = Math.max(last, found.frame.first + found.frame.count - 1);
  return last;
}
