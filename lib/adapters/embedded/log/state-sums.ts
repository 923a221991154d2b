/**
 * The checksums of a closed state.db, in the file `state.sum` beside it.
 *
 * U1  While the folder is open, the file is empty. It is emptied before anything else is written.
 * U2  The sums are written after the write-ahead log is in state.db and before the lock is released.
 * U3  state.db is opened once and closed after its lock is released, because closing any descriptor of a file ends the process's POSIX locks on it.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { openPrivate } from '../private-file.ts';
import type { Damage } from '../state-corrupt.ts';

/** Bytes per checksum. */
const BLOCK_BYTES = 1 << 20;

export class StateSums {
  readonly #database: number;
  readonly #file: number;
  readonly #text: string;

  /** The caller must hold the lock of the database. */
  constructor(directory: string) {
    this.#database = openSync(join(directory, 'state.db'), constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
    this.#file = openPrivate(join(directory, 'state.sum'));
    this.#text = readFileSync(this.#file, 'utf8');
  }

  get isEmpty(): boolean {
    return fstatSync(this.#database).size === 0;
  }

  /** Whether the folder was closed, with sums of its state.db. False after a crash. */
  get isClosed(): boolean {
    const at = this.#text.lastIndexOf(' ');
    return at !== -1 && this.#text.slice(at + 1) === `${crc32(this.#text.slice(0, at))}\n`;
  }

  /** The first difference from the sums of a closed folder. */
  damage(): Damage | undefined {
    const [size, ...sums] = this.#text.split(' ').slice(0, -1).map(Number);
    const drops = 'Rows that do not match their checksum are dropped.';
    const found = fstatSync(this.#database).size;
    if (found !== size) return { file: 'state.db', what: `has ${found} bytes instead of ${size}`, drops };
    const at = this.#sums().findIndex((sum, block) => sum !== sums[block]);
    if (at === -1) return undefined;
    return {
      file: 'state.db',
      offset: at * BLOCK_BYTES,
      what: 'does not match the checksum of the last close, within the next MiB',
      drops,
    };
  }

  /** Empties the file, which marks the folder as open. */
  markOpen(): void {
    ftruncateSync(this.#file);
    fdatasyncSync(this.#file);
  }

  markClosed(): void {
    fdatasyncSync(this.#database);
    const text = [fstatSync(this.#database).size, ...this.#sums()].join(' ');
    ftruncateSync(this.#file);
    // A partial write has a wrong checksum, as if the folder had not been closed.
    writeSync(this.#file, `${text} ${crc32(text)}\n`, 0);
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#database);
  }

  #sums(): number[] {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const sums: number[] = [];
    for (let position = 0, read = -1; read !== 0; position += read) {
      read = readSync(this.#database, block, 0, BLOCK_BYTES, position);
      if (read > 0) sums.push(crc32(block.subarray(0, read)));
    }
    return sums;
  }
}
