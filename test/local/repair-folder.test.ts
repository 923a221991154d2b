import { createHash } from 'node:crypto';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTables } from '../../lib/adapters/embedded/tables.ts';
import { prepareRepair } from '../../lib/local/repair-folder.ts';
import { newDirectory } from '../adapters/opened-states.ts';

/** A folder whose process died with three commits in its log. */
async function diedFolder(): Promise<string> {
  const directory = newDirectory();
  const tables = openTables(directory);
  tables.payloads.set('row', 'in the tables');
  tables.log.checkpoint();
  for (const key of ['a', 'b', 'c']) {
    tables.payloads.set(key, key.repeat(50));
    await tables.log.durable();
  }
  tables.log.abandon();
  return directory;
}

function flip(path: string, text: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(text);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([bytes[at]! ^ 1]), 0, 1, at);
  closeSync(file);
}

/** The files of a folder by their hash: four million zeros are slow to compare. */
const contents = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'holder.pid')
      .map(({ name }) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  );

function values(directory: string): (string | undefined)[] {
  const tables = openTables(directory);
  const found = ['row', 'a', 'b', 'c'].map((key) => tables.payloads.get(key));
  tables.log.close();
  return found;
}

const [A, B, C] = ['a'.repeat(50), 'b'.repeat(50), 'c'.repeat(50)];

describe('a repair', () => {
  test('finds nothing in a whole folder, and leaves it as it is', async () => {
    const directory = await diedFolder();
    const before = contents(directory);
    const repair = prepareRepair(directory);
    repair.discard();
    expect(repair.damage).toEqual([]);
    expect(contents(directory)).toEqual(before);
    expect(values(directory)).toEqual(['in the tables', A, B, C]);
  });

  test('keeps what stands in front of the damage of a log, and the damaged files beside it', async () => {
    const directory = await diedFolder();
    const [log] = ['log.0', 'log.1'].filter((name) => readFileSync(join(directory, name)).includes(B));
    flip(join(directory, log!), B);
    const before = contents(directory);
    const repair = prepareRepair(directory);
    expect(repair.damage).toMatchObject([{ file: log, drops: 'Every change from number 3 on is dropped.' }]);
    expect(contents(directory)).toEqual(before);
    const kept = repair.apply();
    expect(contents(kept)).toEqual(before);
    expect(values(directory)).toEqual(['in the tables', A, undefined, undefined]);
    expect(prepareRepair(directory).damage).toEqual([]);
  });

  test('leaves a folder that is not to be repaired as it was, still refused', async () => {
    const directory = await diedFolder();
    truncateSync(join(directory, 'log.0'), 100);
    const before = contents(directory);
    prepareRepair(directory).discard();
    expect(contents(directory)).toEqual(before);
    expect(() => openTables(directory)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });

  test('drops a damaged row and keeps the others', async () => {
    const directory = await diedFolder();
    openTables(directory).log.close();
    flip(join(directory, 'state.db'), B);
    const repair = prepareRepair(directory);
    expect(repair.damage.map(({ drops }) => drops)).toContain('The row "b" of the table payloads is dropped.');
    repair.apply();
    expect(values(directory)).toEqual(['in the tables', A, undefined, C]);
  });

  test('refuses a folder that cannot be repaired, one that is empty, and one that a process has open', async () => {
    const directory = await diedFolder();
    writeFileSync(join(directory, 'state.db'), 'no database'.repeat(1000));
    expect(() => prepareRepair(directory)).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT', remedy: expect.stringContaining('backup') }),
    );
    expect(readdirSync(directory).filter((name) => name.startsWith('repaired'))).toEqual([]);
    expect(() => prepareRepair(newDirectory())).toThrow(expect.objectContaining({ code: 'UNREACHABLE' }));
    const open = await diedFolder();
    writeFileSync(join(open, 'holder.pid'), `${process.ppid}\n`);
    expect(() => prepareRepair(open)).toThrow(expect.objectContaining({ code: 'UNREACHABLE' }));
  });

  test('has its result already where only state.db was put in place', async () => {
    const directory = await diedFolder();
    const [log] = ['log.0', 'log.1'].filter((name) => readFileSync(join(directory, name)).includes(B));
    flip(join(directory, log!), B);
    const interrupted = newDirectory();
    cpSync(directory, interrupted, { recursive: true });
    prepareRepair(directory).apply();
    cpSync(join(directory, 'state.db'), join(interrupted, 'state.db'));
    expect(values(interrupted)).toEqual(['in the tables', A, undefined, undefined]);
  });
});
