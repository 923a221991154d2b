import { mkdirSync, rmdirSync, statSync } from 'node:fs';

/** Work under the lock takes about a millisecond, so an older lock belongs to a program that was killed. */
const ABANDONED_AFTER_MS = 2_000;
const PAUSE_MS = 1;

/** Runs `work` under an exclusive lock. `lock` is the name of a folder; all processes that use it run one at a time. */
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

/** Creating a folder is atomic: it succeeds in exactly one of several processes. */
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

/** Blocks the thread. The ledger is synchronous, so that no other code of its process runs in between. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
