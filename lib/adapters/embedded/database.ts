import { closeSync, ftruncateSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ClientError, StateFormatUnknown } from '../../contract/errors.ts';
import { asMissing } from '../system/package-missing.ts';
import { isDiskFull } from './log/disk-full.ts';
import type { Inspection } from './inspection.ts';
import { createMeta } from './meta.ts';
import { claimFolder, createPrivate, openPrivate } from './private-file.ts';
import type { Sqlite } from './sqlite.ts';
import { StateSums } from './log/state-sums.ts';

/** 2: checksums over whole frames, rows and numbers. */
const FORMAT = 2;

/**
 * WAL with NORMAL: rows become durable with the last commit of a checkpoint; until then the log of `log-files.ts` holds their
 * changes. EXCLUSIVE: the operating system holds the lock until the process ends, however it ends, and the WAL needs no shared
 * memory. The WAL is moved into the file every 4 MB, so that a move takes milliseconds.
 */
const LOCKING = ['page_size = 8192', 'locking_mode = EXCLUSIVE'];
const PRAGMAS = ['journal_mode = WAL', 'synchronous = NORMAL', 'wal_autocheckpoint = 512', 'cache_size = -65536'];

/** A database that is locked for this process. */
export interface OpenedDatabase {
  readonly database: Sqlite;
  readonly sums: StateSums;
  /** Whether the rows have no valid checksums of the file, because its process died or the file is damaged. */
  readonly isUnclean: boolean;
}

/**
 * Opens the database of a folder and locks it for this process.
 * @throws PackageMissing if libsql is not installed
 * @throws ClientError `UNREACHABLE` if another process holds it; `DENIED` if other users can write to it; `STATE_CORRUPT` if it is damaged
 * @throws OrchestratorError `STATE_FORMAT` if another version of Tutti wrote it in another format
 */
export function openDatabase(inspection: Inspection): OpenedDatabase {
  const { directory } = inspection;
  const Database = loadLibsql();
  claimFolder(directory);
  const file = join(directory, 'state.db');
  // SQLite gives its journal files the mode of this file.
  createPrivate(file);
  const database = new Database(file, { timeout: 0 });
  lock(database, inspection);
  let sums: StateSums | undefined;
  try {
    sums = new StateSums(directory);
    const isUnclean = inspect(database, sums, inspection);
    for (const pragma of PRAGMAS) database.pragma(pragma);
    checkFormat(database, directory);
    // For error messages only. The lock is that of the database, so a dead holder leaves none.
    writeHolder(join(directory, 'holder.pid'));
    return { database, sums, isUnclean };
  } catch (error) {
    release(database);
    sums?.close();
    throw error;
  }
}

/** Loads libsql when the first folder is opened, so that a system in memory does not need it. */
function loadLibsql(): typeof import('libsql') {
  try {
    return createRequire(import.meta.url)('libsql') as typeof import('libsql');
  } catch (error) {
    throw asMissing('A system that keeps its state in a folder', ['libsql'], error);
  }
}

/**
 * Locks by a transaction that writes nothing, because the file must be compared with its checksums first. Uses no statement object, because
 * libsql closes a database with statements only at garbage collection, and a damaged database keeps its lock until then.
 */
function lock(database: Sqlite, inspection: Inspection): void {
  try {
    for (const pragma of LOCKING) database.exec(`PRAGMA ${pragma}`);
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    if (isBusy(error)) {
      database.close();
      throw held(inspection.directory, error);
    }
    release(database);
    if (isDiskFull(error)) throw error;
    inspection.refuse({ file: 'state.db', what: `cannot be read (${String(error)})` }, error);
  }
}

/** Compares a closed database with its checksums. Lets SQLite check any other. Returns whether the rows must be verified. */
function inspect(database: Sqlite, sums: StateSums, inspection: Inspection): boolean {
  const damage = sums.isClosed ? sums.damage() : undefined;
  if (damage !== undefined) inspection.note(damage);
  const isUnclean = damage !== undefined || !(sums.isClosed || sums.isEmpty);
  sums.markOpen();
  if (!isUnclean) return false;
  let fault = integrityFault(database);
  if (fault !== undefined && inspection.repairs) {
    database.exec('REINDEX');
    fault = integrityFault(database);
  }
  if (fault !== undefined) inspection.refuse({ file: 'state.db', what: `fails the check of SQLite (${fault})` });
  return true;
}

function integrityFault(database: Sqlite): string | undefined {
  const [row] = database.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[];
  return row?.integrity_check === 'ok' ? undefined : row?.integrity_check;
}

/**
 * Closes the database and releases its lock. libsql closes the file only after the last statement is garbage-collected, so the lock is
 * released first. WAL mode is left before, because EXCLUSIVE cannot be left inside of it. `isComplete`: all changes are in the rows, so
 * the next open need not verify them.
 */
export function closeDatabase({ database, sums }: OpenedDatabase, isComplete: boolean): void {
  try {
    database.pragma('journal_mode = DELETE');
    if (isComplete) sums.markClosed();
    giveBack(database);
  } catch (error) {
    // On a full disk the write-ahead log stays for the next open.
    if (!isDiskFull(error)) throw error;
  } finally {
    database.close();
    sums.close();
  }
}

/** Closes a database that could not be opened. Its first fault is reported, not that of the close. */
function release(database: Sqlite): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    giveBack(database);
  } catch {
    // A damaged database may fail here too.
  } finally {
    database.close();
  }
}

function giveBack(database: Sqlite): void {
  database.exec('PRAGMA locking_mode = NORMAL');
  // SQLite releases the lock only at the next read.
  database.exec('BEGIN; SELECT name FROM sqlite_master; COMMIT');
}

function checkFormat(database: Sqlite, directory: string): void {
  createMeta(database, FORMAT);
  const row = database.prepare("SELECT value FROM meta WHERE name = 'format'").get() as { value: number } | undefined;
  if (row?.value !== FORMAT) {
    throw new StateFormatUnknown(
      `The state in ${directory} has format ${row?.value ?? 'unknown'}: this version of Tutti reads format ${FORMAT}.`,
      'Open it with the version of Tutti that wrote it, or use another folder.',
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function held(directory: string, cause: unknown): ClientError {
  const pid = readPid(join(directory, 'holder.pid'));
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new ClientError('UNREACHABLE', `The state in ${directory} is open in ${who}: only one process at a time can open it.`, {
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
