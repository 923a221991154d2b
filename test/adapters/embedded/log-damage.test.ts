/**
 * Every single fault of a small log: each byte changed, each length it may be cut to. Afterwards either all that was acknowledged is there,
 * or the log is refused and its files are as they were.
 */
import { closeSync, cpSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LogFiles, type PlacedFrame } from '../../../lib/adapters/embedded/log/log-files.ts';
import { HEADER_BYTES } from '../../../lib/adapters/embedded/log/log-frame.ts';
import type { Damage } from '../../../lib/adapters/embedded/state-corrupt.ts';
import { openTables } from '../../../lib/adapters/embedded/tables.ts';
import { newDirectory } from '../opened-states.ts';

const TEXTS = ['first', 'grüezi '.repeat(9), 'third'];
/** The files are cut to this, since four million zeros need not be read a thousand times. */
const SIZE = 512;

interface Read {
  readonly frames: readonly PlacedFrame[];
  readonly damage: Damage | undefined;
}

function read(directory: string, sizes: readonly [number, number], state = { segment: 0, number: 0 }): Read {
  const files = new LogFiles(directory, { state: { ...state, sizes }, grown: () => {} });
  const frames = [...files.read()];
  const { damage } = files;
  files.close();
  return { frames, damage };
}

/** A log of three frames in segment 1, or of two in segment 1 and one in segment 2. */
function written({ segments }: { readonly segments: 1 | 2 }): string {
  const directory = newDirectory();
  const files = new LogFiles(directory, { state: { segment: 0, number: 0, sizes: [0, 0] }, grown: () => {} });
  files.rotate();
  TEXTS.forEach((text, at) => {
    if (segments === 2 && at === 2) files.rotate();
    files.append(at + 1, 1, text);
  });
  files.close();
  for (const name of ['log.0', 'log.1']) truncateSync(join(directory, name), name === 'log.0' && segments === 1 ? 0 : SIZE);
  return directory;
}

const sizesOf = (segments: 1 | 2): readonly [number, number] => [segments === 1 ? 0 : SIZE, SIZE];
const texts = ({ frames }: Read): readonly string[] => frames.map(({ text }) => text);

describe.each([1, 2] as const)('a log in %i segments', (segments) => {
  test('the log is read as it was written', () => {
    const result = read(written({ segments }), sizesOf(segments));
    expect([texts(result), result.damage]).toEqual([TEXTS, undefined]);
  });

  test('after any bit has changed, the log is read whole or refused', () => {
    const directory = written({ segments });
    let refused = 0;
    for (const name of segments === 1 ? ['log.1'] : ['log.0', 'log.1']) {
      const bytes = readFileSync(join(directory, name));
      const file = openSync(join(directory, name), 'r+');
      const put = (at: number, byte: number): void => void writeSync(file, Buffer.from([byte]), 0, 1, at);
      for (let at = 0; at < SIZE; at += 1) {
        put(at, bytes[at]! ^ (1 << (at % 8)));
        const result = read(directory, sizesOf(segments));
        if (result.damage === undefined) expect(texts(result), `${name} at ${at}`).toEqual(TEXTS);
        else refused += 1;
        put(at, bytes[at]!);
      }
      closeSync(file);
    }
    // All of the frames, and the seals that have a frame behind them.
    const framed = read(directory, sizesOf(segments)).frames.reduce((sum, { text }) => sum + HEADER_BYTES + Buffer.byteLength(text), 0);
    expect(refused).toBeGreaterThanOrEqual(framed + HEADER_BYTES);
  });

  test('a log with a file that became shorter is refused', () => {
    for (const name of segments === 1 ? ['log.1'] : ['log.0', 'log.1']) {
      const directory = written({ segments });
      for (let length = SIZE - 1; length >= 0; length -= 1) {
        truncateSync(join(directory, name), length);
        expect(read(directory, sizesOf(segments)).damage, `${name} cut to ${length}`).toBeDefined();
      }
    }
  });

  test('a file that grew without its content, as after a power failure, is read as a prefix', () => {
    const directory = written({ segments });
    for (let length = SIZE - 1; length >= 0; length -= 1) {
      truncateSync(join(directory, segments === 1 ? 'log.1' : 'log.0'), length);
      const result = read(directory, [0, 0]);
      expect(result.damage).toBeUndefined();
      expect(texts(result)).toEqual(TEXTS.slice(0, result.frames.length));
    }
  });
});

describe('a log beside its tables', () => {
  test('a log is refused when the tables are older than its files, or newer than its first frame', () => {
    const directory = written({ segments: 2 });
    expect(read(directory, [0, 0], { segment: 0, number: 1 }).damage).toMatchObject({ file: 'log.1', offset: 0 });
    // Segment 3 overwrote segment 1, but the tables know of no checkpoint.
    const files = new LogFiles(directory, { state: { segment: 2, number: 3, sizes: [SIZE, SIZE] }, grown: () => {} });
    files.rotate();
    files.append(4, 1, 'fourth');
    files.close();
    expect(read(directory, [0, 0], { segment: 0, number: 0 }).damage).toMatchObject({ file: 'log.1', offset: 0 });
  });

  test('a text that looks like a frame is not read as a frame', () => {
    const directory = newDirectory();
    const other = `${readFileSync(join(written({ segments: 1 }), 'log.1')).toString('latin1', 0, 240)} and the end`;
    const files = new LogFiles(directory, { state: { segment: 0, number: 0, sizes: [0, 0] }, grown: () => {} });
    files.rotate();
    files.append(1, 1, other);
    files.close();
    const path = join(directory, 'log.1');
    const bytes = readFileSync(path);
    // Torn: the last part of the frame, and its seal, were not written.
    writeFileSync(path, bytes.fill(0, HEADER_BYTES + Buffer.byteLength(other) - 10));
    expect(read(directory, [0, 0])).toEqual({ frames: [], damage: undefined });
  });
});

describe('a folder of state with a damaged log', () => {
  test('a folder is neither opened nor changed when a frame in the middle of its log is damaged', async () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    for (const key of ['a', 'b', 'c']) {
      tables.payloads.set(key, key.repeat(50));
      await tables.log.durable();
    }
    tables.log.abandon();
    const path = join(directory, 'log.1');
    const bytes = readFileSync(path);
    const [, second] = read(directory, [0, 0]).frames;
    for (let at = second!.offset; at < second!.offset + HEADER_BYTES + 2; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 4;
      writeFileSync(path, damaged);
      expect(() => openTables(directory), `byte ${at}`).toThrow(
        expect.objectContaining({ code: 'STATE_CORRUPT', details: { directory, file: 'log.1', offset: second!.offset } }),
      );
      expect(readFileSync(path).equals(damaged)).toBe(true);
    }
    writeFileSync(path, bytes);
    const copy = newDirectory();
    cpSync(directory, copy, { recursive: true });
    const whole = openTables(copy);
    expect(['a', 'b', 'c'].map((key) => whole.payloads.get(key)?.length)).toEqual([50, 50, 50]);
    whole.log.abandon();
  });
});
