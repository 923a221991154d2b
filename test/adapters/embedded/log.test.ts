import { fdatasyncSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogFiles, type LogIo, type PlacedFrame } from '../../../lib/adapters/embedded/log/log-files.ts';
import { HEADER_BYTES } from '../../../lib/adapters/embedded/log/log-frame.ts';
import { openTables, type SqliteTables } from '../../../lib/adapters/embedded/tables.ts';
import { newDirectory, turn } from '../opened-states.ts';

function meta({ log }: SqliteTables, name: string): number {
  return (log.database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: number }).value;
}

/** Frames of the log that are not in the tables. */
function logFrames(directory: string, tables: SqliteTables): PlacedFrame[] {
  const state = { segment: meta(tables, 'segment'), number: meta(tables, 'number'), sizes: [0, 0] } as const;
  const files = new LogFiles(directory, { state, grown: () => {} });
  const frames = [...files.read()];
  files.close();
  return frames;
}

describe('the log', () => {
  test('all changes of one turn are one commit', async () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    for (let n = 0; n < 100; n += 1) tables.payloads.set(String(n), 'x');
    const waits = [tables.log.durable(), tables.log.durable()];
    for (let n = 100; n < 200; n += 1) tables.payloads.set(String(n), 'x');
    await Promise.all(waits);
    expect(logFrames(directory, tables)).toHaveLength(1);
    expect(tables.log.durableNumber).toBe(200);
    tables.log.abandon();
  });

  test('a frame has one record for each key, and none for a key that began and ended within the batch', async () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    for (let n = 0; n < 5; n += 1) tables.payloads.set('a', `value ${n}`);
    tables.payloads.set('b', 'short-lived');
    tables.payloads.delete('b');
    tables.payloads.set('c', 'gone and come again');
    tables.payloads.delete('c');
    tables.payloads.set('c', 'last');
    await tables.log.durable();
    const [frame] = logFrames(directory, tables);
    expect(frame).toMatchObject({ first: 1, count: 10, text: '18;4;0;1;a7;value 418;9;0;1;c4;last' });
    tables.payloads.delete('a');
    await tables.log.durable();
    tables.log.abandon();
    const again = openTables(directory);
    expect(['a', 'b', 'c'].map((key) => again.payloads.get(key))).toEqual([undefined, undefined, 'last']);
    expect(again.log.nextNumber).toBe(12);
    again.log.abandon();
  });

  test('a value that changed, was deleted and came back across frames and a checkpoint is what it was last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('set', 'delete', 'durable', 'checkpoint', 'crash'), { maxLength: 30 }), async (steps) => {
        const directory = newDirectory();
        let tables = openTables(directory, { keptMax: 0 });
        let value: string | undefined;
        for (const [n, step] of steps.entries()) {
          if (step === 'set') tables.payloads.set('k', (value = `value ${n}`));
          else if (step === 'delete') {
            tables.payloads.delete('k');
            value = undefined;
          } else if (step === 'checkpoint') tables.log.checkpoint();
          else {
            await tables.log.durable();
            if (step === 'durable') continue;
            tables.log.abandon();
            tables = openTables(directory, { keptMax: 0 });
          }
          expect(tables.payloads.get('k')).toBe(value);
        }
        tables.log.abandon();
      }),
      { numRuns: 40 },
    );
  });

  test('frames of an older version, with a record for each change, are read', async () => {
    const directory = newDirectory();
    openTables(directory).log.abandon();
    const sizes = [0, 0] as const;
    const files = new LogFiles(directory, { state: { segment: 0, number: 0, sizes }, grown: () => {} });
    files.rotate();
    files.append(1, 3, '2;0;1;a3;one2;0;1;b3;two2;2;1;a');
    files.close();
    const again = openTables(directory);
    expect([again.payloads.get('a'), again.payloads.get('b'), again.log.nextNumber]).toEqual([undefined, 'two', 4]);
    again.log.abandon();
  });

  test('after a write that failed, the frame has the changes before and after it', async () => {
    const directory = newDirectory();
    let fails = true;
    const io: LogIo = {
      write: (file, bytes, offset, length, position) => {
        if (fails) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
        return writeSync(file, bytes, offset, length, position);
      },
      sync: fdatasyncSync,
    };
    const tables = openTables(directory, { io });
    tables.payloads.set('a', 'before');
    tables.payloads.set('b', 'kept');
    await expect(tables.log.durableOrRefused()).rejects.toMatchObject({ code: 'DISK_FULL' });
    tables.payloads.set('a', 'after');
    tables.payloads.set('c', 'new');
    fails = false;
    await tables.log.durable();
    tables.log.abandon();
    const again = openTables(directory);
    expect(['a', 'b', 'c'].map((key) => again.payloads.get(key))).toEqual(['after', 'kept', 'new']);
    again.log.abandon();
  });

  test('a checkpoint that fails half way loses nothing', async () => {
    const directory = newDirectory();
    const tables = openTables(directory, { keptMax: 0 });
    for (let n = 0; n < 50; n += 1) tables.payloads.set(String(n), String(n));
    tables.records.set('c1', { state: 'TOMB', hash: 'h', revision: 1 });
    tables.log.database.exec('ALTER TABLE records RENAME TO gone');
    expect(() => tables.log.checkpoint()).toThrow('no such table');
    tables.log.database.exec('ALTER TABLE gone RENAME TO records');
    tables.log.checkpoint();
    expect(logFrames(directory, tables)).toHaveLength(0);
    tables.log.abandon();
    const again = openTables(directory);
    expect(Array.from({ length: 50 }, (_, n) => again.payloads.get(String(n)))).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    expect(again.records.get('c1')).toEqual({ state: 'TOMB', hash: 'h', revision: 1 });
    again.log.abandon();
  });

  test('the log ends before a torn frame of a crash, and the next frame is written there', async () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    tables.payloads.set('a', '1');
    await tables.log.durable();
    tables.payloads.set('b', '2'.repeat(100));
    await tables.log.durable();
    const torn = logFrames(directory, tables)[1]!;
    tables.log.abandon();
    const path = join(directory, torn.file);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, torn.offset + HEADER_BYTES + 40, torn.offset + 1000));
    const again = openTables(directory);
    expect([again.payloads.get('a'), again.payloads.get('b')]).toEqual(['1', undefined]);
    again.payloads.set('c', '3');
    await again.log.durable();
    again.log.abandon();
    const last = openTables(directory);
    expect([last.payloads.get('a'), last.payloads.get('b'), last.payloads.get('c')]).toEqual(['1', undefined, '3']);
    last.log.abandon();
  });

  test('a checkpoint writes the rows of many keys in one statement, beside large rows and deletions', () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    const valueOf = (n: number): string => (n % 20 === 7 ? `${n}`.repeat(50_000) : `value ${n}`);
    for (let n = 0; n < 70; n += 1) tables.payloads.set(String(n), valueOf(n));
    tables.log.checkpoint();
    for (let n = 0; n < 70; n += 5) tables.payloads.delete(String(n));
    for (let n = 30; n < 60; n += 1) if (n % 5 !== 0) tables.payloads.set(String(n), valueOf(n + 100));
    tables.log.checkpoint();
    tables.log.close();
    const again = openTables(directory, { keptMax: 0 });
    for (let n = 0; n < 70; n += 1)
      expect(again.payloads.get(String(n))).toBe(n % 5 === 0 ? undefined : valueOf(n >= 30 && n < 60 ? n + 100 : n));
    again.log.close();
  });

  test('a checkpoint moves the log into the tables in slices while changes continue', async () => {
    const directory = newDirectory();
    const tables = openTables(directory, { checkpointLength: 1000, keptMax: 0 });
    for (let n = 0; n < 200; n += 1) {
      tables.payloads.set(String(n % 50), String(n).repeat(20));
      await tables.log.durable();
    }
    await turn();
    expect(logFrames(directory, tables).length).toBeLessThan(100);
    tables.log.abandon();
    const again = openTables(directory);
    for (let n = 150; n < 200; n += 1) expect(again.payloads.get(String(n % 50))).toBe(String(n).repeat(20));
    again.log.abandon();
  });
});
