import { mkdirSync, rmdirSync, statSync } from 'node:fs';

/** Work under the lock takes a millisecond: an older lock is of a program that was killed. */
const ABANDONED_AFTER_MS = 2_000;
const PAUSE_MS = 1;

/** Runs `work` while no other process runs any under the same folder name. */
export function oneAtATime<T>(lock: string, work: () => T): T {
  while (!taken(lock)) {
    if (isAbandoned(lock)) release(lock);
    else pause();
  }
  try {
    return work();
  } finally {
    release(lock);
  }
}

/** Making a folder is the one thing that exactly one of many processes can do. */
function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAbandoned(lock: string): boolean {
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return since !== undefined && Date.now() - since > ABANDONED_AFTER_MS;
}

function release(lock: string): void {
  try {
    rmdirSync(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The ledger is synchronous, so that nothing of its own process comes between. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
