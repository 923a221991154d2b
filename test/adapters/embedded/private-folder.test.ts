/** Only its owner reads and writes a folder, and a link of another user is not followed. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openTables } from '../../../lib/adapters/embedded/tables.ts';
import { newDirectory } from '../opened-states.ts';

const umask = process.umask();
afterEach(() => void process.umask(umask));

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** The files that others may read or write. */
const openFiles = (directory: string): string[] => readdirSync(directory).filter((name) => mode(join(directory, name)) !== '600');

describe('a folder of state', () => {
  test.each([0o000, 0o022, 0o077])('only the owner can read or write the folder, with the umask %o', async (mask) => {
    process.umask(mask);
    const directory = join(newDirectory(), 'made', 'here');
    const tables = openTables(directory);
    tables.payloads.set('a', '1');
    await tables.log.durable();
    tables.log.checkpoint();
    expect(mode(directory)).toBe('700');
    expect(readdirSync(directory).sort()).toEqual(expect.arrayContaining(['holder.pid', 'log.0', 'log.1', 'state.db', 'state.db-wal']));
    expect(openFiles(directory)).toEqual([]);
    tables.log.close();
    expect(openFiles(directory)).toEqual([]);
  });

  test('files of an older version lose the rights of other users', () => {
    const directory = newDirectory();
    openTables(directory).log.close();
    for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o644);
    openTables(directory).log.close();
    expect(openFiles(directory)).toEqual([]);
  });

  test.each(['log.0', 'log.1', 'holder.pid', 'state.db', 'state.db-wal', 'state.db-journal'])(
    'a folder is refused when %s is a link',
    (name) => {
      const directory = newDirectory();
      const target = join(newDirectory(), 'important.txt');
      writeFileSync(target, 'very important data\n');
      symlinkSync(target, join(directory, name));
      expect(() => openTables(directory)).toThrow(
        expect.objectContaining({ code: 'DENIED', message: expect.stringContaining(`${name} is not a regular file`) }),
      );
      expect(readFileSync(target, 'utf8')).toBe('very important data\n');
      expect(lstatSync(join(directory, name)).isSymbolicLink()).toBe(true);
    },
  );

  test.each([0o770, 0o707, 0o777])('a folder that other users may write to is refused, with the mode %o', (writable) => {
    const directory = join(newDirectory(), 'shared');
    mkdirSync(directory);
    chmodSync(directory, writable);
    expect(() => openTables(directory)).toThrow(
      expect.objectContaining({ code: 'DENIED', remedy: `Run chmod go-w ${directory}, or use another folder.` }),
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a folder is refused when it or one of its files belongs to another user', (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can give a folder to another user');
    const directory = join(newDirectory(), 'foreign');
    mkdirSync(directory, { mode: 0o755 });
    chownSync(directory, 65534, 65534);
    expect(() => openTables(directory)).toThrow(
      expect.objectContaining({ code: 'DENIED', message: expect.stringContaining('belongs to user 65534') }),
    );
    expect(existsSync(join(directory, 'state.db'))).toBe(false);
    chownSync(directory, 0, 0);
    writeFileSync(join(directory, 'log.1'), '');
    chownSync(join(directory, 'log.1'), 65534, 65534);
    expect(() => openTables(directory)).toThrow(expect.objectContaining({ code: 'DENIED' }));
  });
});
