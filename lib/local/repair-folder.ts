import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { claimFolder, STATE_FILES } from '../adapters/embedded/private-file.ts';
import type { Damage } from '../adapters/embedded/state-corrupt.ts';
import { openTables } from '../adapters/embedded/tables.ts';
import { ClientError, isOrchestratorError } from '../contract/errors.ts';
import { folderSeal } from './folder-key.ts';

/** A repaired copy of a folder. Only `apply` replaces the folder. */
export interface PreparedRepair {
  /** Every damaged place, with the data that the copy dropped because of it. */
  readonly damage: readonly Damage[];
  /** Puts the repaired files in place and returns the folder that keeps the damaged ones. */
  apply(): string;
  /** Leaves the folder as it is. */
  discard(): void;
}

/** Files of a running process, which a repaired folder does not need. */
const RUN_FILES = new Set(['holder.pid']);
/** Removed first, because a write-ahead log of the damaged database must not be applied to the repaired one. */
const JOURNALS = ['state.db-wal', 'state.db-shm', 'state.db-journal'];
/** state.db first: the folder is repaired as soon as it is replaced, because it takes nothing from the older logs. */
const REPLACED = ['state.db', 'log.0', 'log.1', 'state.sum'];

/**
 * Copies a folder and repairs the copy: drops each damaged row, and all of the log behind its first damage.
 * @throws ClientError `UNREACHABLE` if the folder holds no state or a process has it open, `STATE_CORRUPT` if it cannot be repaired
 */
export function prepareRepair(directory: string, keyFile?: string): PreparedRepair {
  if (!existsSync(join(directory, 'state.db')))
    throw new ClientError('UNREACHABLE', `The folder ${directory} holds no state: expected the folder of a system.`, {
      remedy: 'Name the folder of the system with --local.',
    });
  checkStopped(directory);
  claimFolder(directory);
  const copy = mkdtempSync(join(directory, 'repaired-'));
  const discard = (): void => rmSync(copy, { recursive: true, force: true });
  try {
    copyState(directory, copy);
    return { damage: repaired(copy, folderSeal(directory, keyFile)), apply: () => apply(directory, copy), discard };
  } catch (error) {
    discard();
    throw error;
  }
}

function repaired(copy: string, seal: ReturnType<typeof folderSeal>): readonly Damage[] {
  const found: Damage[] = [];
  try {
    openTables(copy, { found, ...(seal && { seal }) }).log.close();
  } catch (cause) {
    if (!isOrchestratorError(cause) || cause.code !== 'STATE_CORRUPT') throw cause;
    throw new ClientError('STATE_CORRUPT', cause.message, {
      remedy: 'Restore the folder from a backup: tutti repair cannot repair this damage.',
      details: cause.details,
      cause,
    });
  }
  return found;
}

function apply(directory: string, copy: string): string {
  const kept = join(directory, `damaged-${new Date().toISOString().replaceAll(':', '-')}`);
  mkdirSync(kept, { mode: 0o700 });
  copyState(directory, kept);
  for (const name of JOURNALS) rmSync(join(directory, name), { force: true });
  for (const name of REPLACED) renameSync(join(copy, name), join(directory, name));
  rmSync(copy, { recursive: true, force: true });
  return kept;
}

function copyState(from: string, to: string): void {
  for (const name of STATE_FILES) if (!RUN_FILES.has(name) && existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
}

/** Does not test the lock of the database, because that would write to a damaged one. */
function checkStopped(directory: string): void {
  const path = join(directory, 'holder.pid');
  const pid = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : Number.NaN;
  if (Number.isNaN(pid) || pid === process.pid || !isAlive(pid)) return;
  throw new ClientError(
    'UNREACHABLE',
    `Process ${pid} may have ${directory} open: a folder can be repaired only while no system runs on it.`,
    {
      remedy: `Stop process ${pid}. If it does not belong to this system, remove ${path}.`,
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
