import type { Terminal } from '../../../bin/terminal.ts';
import { usageError } from '../../../bin/exit-code.ts';
import { plantedBugs } from './bugs.ts';
import { hunt, killOf, plantedTask, type Kill, type Runner } from './hunt.ts';
import { readKillTable, rowOf, writeKillTable, type KillRow } from './kill-table.ts';
import type { PlantedBug } from './planted-bug.ts';

export interface HuntOptions {
  /** The name of one bug; `true`: all of them. */
  readonly planted: string | true;
  /** Searches for each again from seed 1, and writes the table. */
  readonly write?: true;
  readonly json?: true;
  /** The number of seeds that a bug may survive. */
  readonly seeds: number;
}

/**
 * Returns whether every planted bug is killed as the table says. The seeds of the table are tried first, which takes seconds. If a bug
 * survives its seed, the table is stale, and the other seeds are searched.
 */
export const huntPlanted = async (runner: Runner, terminal: Terminal, options: HuntOptions): Promise<boolean> => {
  const bugs = chosen(options.planted);
  const table = readKillTable();
  const known = options.write ? [] : table;
  const kills = await killsByTable(runner, bugs, known);
  const stale = bugs.filter(({ name }) => !kills.has(name));
  for (const bug of stale) {
    const kill = await hunt(runner, bug, options.seeds);
    if (kill) kills.set(bug.name, kill);
    terminal.message(line(bug, kill, options.seeds));
  }
  const survivors = bugs.filter(({ name }) => !kills.has(name));
  if (options.json) terminal.printJson(bugs.map((bug) => ({ name: bug.name, rows: bug.rows, ...kills.get(bug.name) })));
  else terminal.print(...report(bugs, kills, survivors));
  if (options.write) writeKillTable(merged(table, bugs, kills));
  else if (stale.length > 0)
    terminal.message(
      `test/simulation/planted/table.json is stale: ${stale.map(({ name }) => name).join(', ')}.`,
      `  npm run simulate -- --planted${stale.length === 1 ? ` ${stale[0]!.name}` : ''} --write`,
    );
  return survivors.length === 0 && (options.write === true || stale.length === 0);
};

/** The seed to shrink for one bug. */
export const seedOf = async (runner: Runner, planted: string, seeds: number): Promise<number> => {
  const [bug] = chosen(planted);
  const kill = bug && (await hunt(runner, bug, seeds));
  if (!kill) throw usageError(`${planted} survives ${seeds} seeds.`, 'Give a --seed that shows it, or more --seeds.');
  return kill.seed;
};

const chosen = (planted: string | true): readonly PlantedBug[] => {
  const bugs =
    planted === true
      ? plantedBugs.filter(({ rare, elusive }) => !rare && elusive === undefined)
      : plantedBugs.filter(({ name }) => name === planted);
  if (bugs.length === 0)
    throw usageError(`There is no planted bug ${planted}.`, `Name one of ${plantedBugs.map(({ name }) => name).join(', ')}.`);
  return bugs;
};

/** The bugs that their seed in the table still kills, after the same number of steps and by the same invariant. */
const killsByTable = async (runner: Runner, bugs: readonly PlantedBug[], table: readonly KillRow[]): Promise<Map<string, Kill>> => {
  const rows = table.filter((row) => bugs.some(({ name }) => name === row.name));
  const kills = new Map<string, Kill>();
  const names = new Map<string, Kill>();
  const tasks = rows.flatMap(({ name, seed }) => bugs.filter((bug) => bug.name === name).map((bug) => plantedTask(seed, bug)));
  await runner.run(tasks, (result) => {
    const kill = killOf(result);
    if (kill && result.planted !== undefined) names.set(result.planted, kill);
  });
  for (const { name, steps, invariant } of rows) {
    const kill = names.get(name);
    if (kill?.steps === steps && kill.invariant === invariant) kills.set(name, kill);
  }
  return kills;
};

/** A bug that was not searched for keeps its line. The line of a bug that does not exist any more is dropped. */
const merged = (table: readonly KillRow[], bugs: readonly PlantedBug[], kills: ReadonlyMap<string, Kill>): readonly KillRow[] =>
  plantedBugs.flatMap((bug) => {
    const kill = kills.get(bug.name);
    if (kill) return [rowOf(bug, kill)];
    return bugs.includes(bug) ? [] : table.filter(({ name }) => name === bug.name);
  });

const report = (bugs: readonly PlantedBug[], kills: ReadonlyMap<string, Kill>, survivors: readonly PlantedBug[]): string[] => [
  ...bugs.flatMap((bug) => {
    const kill = kills.get(bug.name);
    return kill ? [line(bug, kill, 0)] : [];
  }),
  `${bugs.length - survivors.length} of ${bugs.length} planted bugs are killed${survivors.length === 0 ? '' : `, not killed: ${survivors.map(({ name }) => name).join(', ')}`}`,
];

const line = ({ name }: PlantedBug, kill: Kill | undefined, seeds: number): string =>
  kill ? `${name.padEnd(26)} seed ${kill.seed}, step ${kill.steps}: ${kill.violation}` : `${name.padEnd(26)} survives ${seeds} seeds`;
