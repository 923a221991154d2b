/** A disk that takes a part of a write, or nothing: what was confirmed is there afterwards, and commits go on when it takes writes again. */
import { execFile } from 'node:child_process';
import { fdatasyncSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LogIo } from '../../../lib/adapters/embedded/log/log-files.ts';
import { openTables, type SqliteTables } from '../../../lib/adapters/embedded/tables.ts';
import { newDirectory } from '../opened-states.ts';

/** Takes `left` bytes in all, the last ones as a short write, then says that the disk is full. */
class SmallDisk implements LogIo {
  left: number;
  failedWrites = 0;

  constructor(bytes: number) {
    this.left = bytes;
  }

  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number {
    if (this.left === 0) {
      this.failedWrites += 1;
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    }
    const written = writeSync(file, bytes, offset, Math.min(length, this.left), position);
    this.left -= written;
    return written;
  }

  sync(file: number): void {
    fdatasyncSync(file);
  }
}

const GROWTH = 1 << 22;
const VALUES = 6;

async function put(tables: SqliteTables, from: number): Promise<number[]> {
  const confirmed: number[] = [];
  for (let n = from; n < from + VALUES; n += 1) {
    tables.payloads.set(String(n), `value ${n} `.repeat(3));
    await tables.log.durableOrRefused().then(
      () => confirmed.push(n),
      () => {},
    );
  }
  return confirmed;
}

function has(tables: SqliteTables, n: number): boolean {
  return tables.payloads.get(String(n)) === `value ${n} `.repeat(3);
}

describe('a log on a full disk', () => {
  test.each([1, 3, 7, 100])('a log is whole when the disk writes at most %i bytes at a time', async (most) => {
    const directory = newDirectory();
    const io: LogIo = {
      // Growing by a byte at a time would take minutes; it is the same loop.
      write: (file, bytes, offset, length, position) =>
        writeSync(file, bytes, offset, length > 1 << 20 ? length : Math.min(length, most), position),
      sync: fdatasyncSync,
    };
    const tables = openTables(directory, { io });
    expect(await put(tables, 0)).toHaveLength(VALUES);
    tables.log.abandon();
    const again = openTables(directory);
    for (let n = 0; n < VALUES; n += 1) expect(has(again, n)).toBe(true);
    again.log.abandon();
  });

  test('a log keeps all confirmed changes at whichever byte the disk becomes full, and refuses others until there is space', async () => {
    for (let bytes = GROWTH - 2; bytes < GROWTH + 560; bytes += 23) {
      const directory = newDirectory();
      const faults: unknown[] = [];
      const disk = new SmallDisk(bytes);
      const tables = openTables(directory, { io: disk, stalled: (error) => faults.push(error) });
      const confirmed = await put(tables, 0);
      expect(confirmed.length === VALUES || faults.length === 1, `${bytes} bytes`).toBe(true);
      tables.log.abandon();
      const again = openTables(directory);
      for (const n of confirmed) expect(has(again, n), `value ${n} after ${bytes} bytes`).toBe(true);
      again.log.abandon();
    }
  });

  test('a full disk is reported once; internal work waits and is committed when there is space', async () => {
    const directory = newDirectory();
    const faults: unknown[] = [];
    const disk = new SmallDisk(GROWTH + 40);
    const tables = openTables(directory, { io: disk, stalled: (error) => faults.push(error) });
    tables.payloads.set('waits', 'x'.repeat(100));
    const waits = tables.log.durable();
    await expect(tables.log.durableOrRefused()).rejects.toMatchObject({ code: 'DISK_FULL', retryable: true, details: { code: 'ENOSPC' } });
    await expect.poll(() => disk.failedWrites).toBeGreaterThan(2);
    expect(tables.log.stalledBy).toMatchObject({ code: 'DISK_FULL' });
    expect(faults).toHaveLength(1);
    disk.left = Infinity;
    await waits;
    expect([tables.log.stalledBy, tables.log.durableNumber]).toEqual([undefined, 1]);
    tables.log.abandon();
    const again = openTables(directory);
    expect(again.payloads.get('waits')).toBe('x'.repeat(100));
    again.log.abandon();
  });

  test('waiting changes are rejected when the log may not wait any more', async () => {
    const tables = openTables(newDirectory(), { io: new SmallDisk(0) });
    tables.payloads.set('a', '1');
    const waits = tables.log.durable().catch((error: unknown) => error);
    await expect(tables.log.durableOrRefused()).rejects.toMatchObject({ code: 'DISK_FULL' });
    tables.log.stopWaiting();
    expect(await waits).toMatchObject({ code: 'DISK_FULL' });
    await expect(tables.log.durable()).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(() => tables.log.close()).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  });
});

const PROGRAM = new URL('limited-program.ts', import.meta.url).pathname;

/** Runs the program with at most so many KiB in a file: the real thing, with a real short write and EFBIG. */
function limited(kilobytes: number, directory: string): Promise<{ readonly confirmed: number; readonly faults: readonly string[] }> {
  const command = `ulimit -f ${kilobytes}; exec "$0" --conditions=source --import tsx "$1" "$2"`;
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', command, process.execPath, PROGRAM, directory], (_error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr));
      else resolve(JSON.parse(stdout) as never);
    });
  });
}

describe('a process with a limit on the size of files', () => {
  test('all confirmed changes survive a kill at the limit', async () => {
    const directory = newDirectory();
    const { confirmed, faults } = await limited(5000, directory);
    expect(confirmed).toBeGreaterThan(10);
    expect(faults).toEqual(['DISK_FULL']);
    const tables = openTables(directory);
    for (let n = 0; n < confirmed; n += 1) expect(tables.payloads.get(`k${n}`)).toBe('x'.repeat(100_000) + n);
    tables.log.close();
  });
});

/** A disk whose system drops what a failed sync should have written, as Linux does. `failsAt` is the number of that sync. */
class ForgetfulDisk implements LogIo {
  readonly #failsAt: number;
  #syncs = 0;
  #unsynced: { readonly file: number; readonly before: Buffer; readonly position: number; readonly size: number }[] = [];

  constructor(failsAt: number) {
    this.#failsAt = failsAt;
  }

  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number {
    const before = Buffer.alloc(length);
    const read = readSync(file, before, 0, length, position);
    this.#unsynced.push({ file, before: before.subarray(0, read), position, size: fstatSync(file).size });
    return writeSync(file, bytes, offset, length, position);
  }

  sync(): void {
    this.#syncs += 1;
    const dropped = this.#unsynced.toReversed();
    this.#unsynced = [];
    if (this.#syncs !== this.#failsAt) return;
    for (const { file, before, position, size } of dropped) {
      writeSync(file, before, 0, before.length, position);
      ftruncateSync(file, size);
    }
    throw Object.assign(new Error('the device failed'), { code: 'EIO' });
  }
}

test('after a sync that failed and dropped its bytes, every confirmed change is read, and no change is taken for damage', async () => {
  for (let failsAt = 1; failsAt <= 6; failsAt += 1) {
    const directory = newDirectory();
    const tables = openTables(directory, { io: new ForgetfulDisk(failsAt) });
    for (let n = 0; n < 4; n += 1) {
      tables.payloads.set(String(n), `value ${n} `.repeat(3));
      await tables.log.durable();
    }
    tables.log.abandon();
    const again = openTables(directory);
    expect([0, 1, 2, 3].map((n) => again.payloads.get(String(n)) !== undefined)).toEqual([true, true, true, true]);
    again.log.abandon();
  }
});
