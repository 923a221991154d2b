import { closeSync, ftruncateSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { ClientError } from '../../contract/errors.ts';
import { isDiskFull } from './disk-full.ts';
import { createMeta } from './meta.ts';
import { claimFolder, createPrivate, openPrivate } from './private-file.ts';
import type { Sqlite } from './sqlite.ts';

/** 2: checksums over whole frames, rows and numbers. */
const FORMAT = 2;

/**
 * WAL with NORMAL: rows become durable with a checkpoint's last commit; until then the log of `log-files.ts` holds their
 * changes. EXCLUSIVE: the operating system's lock holds as long as the
 * process lives, however it dies, and the WAL needs no shared memory. The WAL is moved into the file every 4 MB, so that
 * a move takes milliseconds.
 */
const PRAGMAS = [
  'page_size = 8192',
  'locking_mode = EXCLUSIVE',
  'journal_mode = WAL',
  'synchronous = NORMAL',
  'wal_autocheckpoint = 512',
  'cache_size = -65536',
];

/**
 * Opens the database of a folder and locks it for this process.
 * @throws ClientError `UNREACHABLE` where another process holds it, or where a newer Tutti wrote it; `DENIED` where others can write to it.
 */
export function openDatabase(directory: string): Sqlite {
  claimFolder(directory);
  const file = join(directory, 'state.db');
  // SQLite gives the files beside it the mode of this one.
  createPrivate(file);
  const database = new Database(file, { timeout: 0 });
  const holder = join(directory, 'holder.pid');
  try {
    for (const pragma of PRAGMAS) database.pragma(pragma);
    checkFormat(database, directory);
  } catch (error) {
    if (isBusy(error)) {
      database.close();
      throw held(directory, holder, error);
    }
    closeDatabase(database);
    throw error;
  }
  // Only told to people: the lock is the database's own, so a dead holder leaves none.
  writeHolder(holder);
  return database;
}

/**
 * Closes the database and lets go of its lock. libsql closes the file only when the garbage collector has met the last
 * statement, so the lock is given back first; out of WAL mode, because EXCLUSIVE cannot be left inside of it.
 */
export function closeDatabase(database: Sqlite): void {
  try {
    database.pragma('journal_mode = DELETE');
    database.pragma('locking_mode = NORMAL');
    database.exec('BEGIN; SELECT value FROM meta; COMMIT');
  } catch (error) {
    // On a full disk the write-ahead log stays for the next open.
    if (!isDiskFull(error)) throw error;
  } finally {
    database.close();
  }
}

function checkFormat(database: Sqlite, directory: string): void {
  createMeta(database, FORMAT);
  const row = database.prepare("SELECT value FROM meta WHERE name = 'format'").get() as { value: number } | undefined;
  if (row?.value !== FORMAT) {
    throw new ClientError(
      'UNREACHABLE',
      `The state in ${directory} has format ${row?.value ?? 'unknown'}: this version of Tutti reads format ${FORMAT}.`,
      {
        remedy: 'Open it with the version of Tutti that wrote it, or use another folder.',
      },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function held(directory: string, holder: string, cause: unknown): ClientError {
  const pid = readPid(holder);
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new ClientError('UNREACHABLE', `The state in ${directory} is open in ${who}: one process at a time may have it open.`, {
    remedy: `Stop ${who}, or use another folder.`,
    details: { directory, pid: pid ?? null },
    cause,
  });
}

function writeHolder(holder: string): void {
  const file = openPrivate(holder);
  ftruncateSync(file);
  writeFileSync(file, `${process.pid}\n`);
  closeSync(file);
}

function readPid(holder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(holder, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
