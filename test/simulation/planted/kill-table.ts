import { readFileSync, writeFileSync } from 'node:fs';
import type { PlantedBug } from './planted-bug.ts';
import type { Kill } from './hunt.ts';

const TABLE = new URL('table.json', import.meta.url);

/** One line of the table: the seed that shows the bug, the number of steps until then, and the invariant that it violates. */
export interface KillRow {
  readonly name: string;
  readonly rows: readonly string[];
  readonly seed: number;
  readonly steps: number;
  readonly invariant: string;
}

export const readKillTable = (): readonly KillRow[] => JSON.parse(readFileSync(TABLE, 'utf8')) as readonly KillRow[];

export const rowOf = ({ name, rows }: PlantedBug, { seed, steps, invariant }: Kill): KillRow => ({ name, rows, seed, steps, invariant });

/** One bug a line, so that a diff shows the bugs whose seed has changed. */
export const writeKillTable = (rows: readonly KillRow[]): void =>
  writeFileSync(TABLE, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
