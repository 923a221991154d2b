import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** One batch of changes as it lies on disk. */
export interface LogFrame {
  /** Frames of one segment share strings; a new one starts afresh. */
  readonly segment: number;
  /** Number of the first change. */
  readonly first: number;
  readonly count: number;
  readonly text: string;
}

/** Segment, length, checksum and count of 4 bytes each, then the first number as a double. */
const HEADER_BYTES = 24;
/** A file grows by this much at a time, in zeros: an append that makes a file longer must also commit its length, and what else is dirty. */
const GROWTH_BYTES = 1 << 22;
/** A character of a string is at most this many bytes. */
const UTF8_BYTES_MAX = 3;

/**
 * The log on disk: two files that are written in turn, a segment each. A file is overwritten, not emptied: the disk then
 * has nothing to allocate, which makes a large append three times as fast. What an older segment left behind a newer one
 * is told apart by the segment number of its frames, and a torn frame by its checksum.
 */
export class LogFiles {
  readonly #files: readonly [number, number];
  #segment: number;
  #position = 0;
  readonly #sizes: [number, number];
  #scratch = Buffer.allocUnsafe(1 << 16);

  /** `checkpointed`: the last segment whose changes are all in the tables. */
  constructor(directory: string, checkpointed: number) {
    this.#files = [open(join(directory, 'log.0')), open(join(directory, 'log.1'))];
    this.#sizes = [fstatSync(this.#files[0]).size, fstatSync(this.#files[1]).size];
    this.#segment = checkpointed;
  }

  /** The segment that is written to. */
  get segment(): number {
    return this.#segment;
  }

  /** The frames that are not in the tables yet, in order. Ends before what a crash left torn. */
  *read(): IterableIterator<LogFrame> {
    for (let frames = this.#readSegment(this.#segment + 1); frames.length > 0; frames = this.#readSegment(this.#segment + 1)) {
      this.#segment += 1;
      yield* frames;
    }
  }

  /** From now on frames go to the next segment, over the file of the one before the last: its changes must be in the tables. */
  rotate(): void {
    this.#segment += 1;
    this.#position = 0;
  }

  /** Appends a frame and returns when it is on disk. Throws where it is not; then the next append takes its place. */
  append(first: number, count: number, text: string): void {
    const needed = HEADER_BYTES + text.length * UTF8_BYTES_MAX;
    if (this.#scratch.length < needed) this.#scratch = Buffer.allocUnsafe(needed);
    const length = this.#scratch.write(text, HEADER_BYTES, 'utf8');
    this.#scratch.writeUInt32LE(this.#segment, 0);
    this.#scratch.writeUInt32LE(length, 4);
    this.#scratch.writeUInt32LE(crc32(this.#scratch.subarray(HEADER_BYTES, HEADER_BYTES + length)), 8);
    this.#scratch.writeUInt32LE(count, 12);
    this.#scratch.writeDoubleLE(first, 16);
    const file = this.#file(this.#segment);
    this.#grow(this.#position + HEADER_BYTES + length);
    writeSync(file, this.#scratch, 0, HEADER_BYTES + length, this.#position);
    fdatasyncSync(file);
    this.#position += HEADER_BYTES + length;
  }

  /** Gives the disk back: all changes are in the tables. */
  empty(): void {
    for (const file of this.#files) ftruncateSync(file, 0);
    this.#sizes.fill(0);
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  #file(segment: number): number {
    return this.#files[segment % 2 === 0 ? 0 : 1];
  }

  #grow(needed: number): void {
    const at = this.#segment % 2 === 0 ? 0 : 1;
    while (this.#sizes[at] < needed) {
      writeSync(this.#files[at], Buffer.alloc(GROWTH_BYTES), 0, GROWTH_BYTES, this.#sizes[at]);
      this.#sizes[at] += GROWTH_BYTES;
    }
  }

  #readSegment(segment: number): LogFrame[] {
    const file = this.#file(segment);
    const bytes = Buffer.allocUnsafe(fstatSync(file).size);
    readSync(file, bytes, 0, bytes.length, 0);
    const frames: LogFrame[] = [];
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length && bytes.readUInt32LE(at) === segment) {
      const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 4);
      if (end > bytes.length || crc32(bytes.subarray(at + HEADER_BYTES, end)) !== bytes.readUInt32LE(at + 8)) break;
      frames.push({
        segment,
        first: bytes.readDoubleLE(at + 16),
        count: bytes.readUInt32LE(at + 12),
        text: bytes.toString('utf8', at + HEADER_BYTES, end),
      });
      at = end;
    }
    return frames;
  }
}

const READ_WRITE_CREATE = 'a+';

/** `a+` creates the file; it is then opened again, since an appending descriptor cannot write in place. */
const open = (path: string): number => {
  closeSync(openSync(path, READ_WRITE_CREATE));
  return openSync(path, 'r+');
};
