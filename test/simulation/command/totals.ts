import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { firstShared } from './seed-ranges.ts';
import { addedUp, EMPTY_TALLY, type Tally } from './tally.ts';

/** The sums of several runs. */
export interface Totals extends Tally {
  readonly hours: number;
  /** Commits of the code that was run, in order, each once; with `-dirty` if the code was changed since. */
  readonly commits: readonly string[];
  readonly nodes: readonly string[];
}

const EMPTY_TOTALS: Totals = { ...EMPTY_TALLY, hours: 0, commits: [], nodes: [] };

/** Reads the totals of a file; all are zero if there is no file. */
export const readTotals = (path: string): Totals => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Totals;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY_TOTALS;
    throw error;
  }
};

/** Adds a run, which must not share a seed with the totals. Replaces the file in one step. */
export const addToTotals = (path: string, tally: Tally, seconds: number, commit: string): Totals => {
  const before = readTotals(path);
  const twice = firstShared(before.ranges, tally.ranges);
  if (twice !== undefined) throw new Error(`Seed ${twice} is counted in ${path} already.`);
  const totals: Totals = {
    ...addedUp(before, tally),
    hours: before.hours + seconds / 3_600,
    commits: [...new Set([...before.commits, commit])],
    nodes: [...new Set([...before.nodes, process.version])],
  };
  writeFileSync(`${path}.new`, `${JSON.stringify(totals, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
  return totals;
};

/** The commit of the code that is run. */
export const presentCommit = (): string => {
  try {
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};
