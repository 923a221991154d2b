import { relative } from 'node:path';
import type { Terminal } from '../../../bin/terminal.ts';
import { briefTrace } from './brief-trace.ts';
import type { SimulateOptions } from './command-line.ts';
import { fixtureTask, readFixture, writeFixture } from '../shrink/fixture.ts';
import type { Fleet } from '../runner/fleet.ts';
import { plantedBugs } from '../planted/bugs.ts';
import type { PlantedBug } from '../planted/planted-bug.ts';
import { invariantOf, type SeedResult, type SeedTask } from '../runner/seed-task.ts';
import { shrink } from '../shrink/shrink.ts';

type ReplayOptions = Pick<SimulateOptions, 'seed' | 'fixture' | 'scenario' | 'planted' | 'shrink' | 'tries' | 'write' | 'json'>;

const ALL = { trace: true, choices: true } as const;

/** Runs one seed or fixture and prints its trace; returns true if all holds. */
export const replaySeed = async (fleet: Fleet, terminal: Terminal, options: ReplayOptions): Promise<boolean> => {
  const task = taskOf(options);
  const result = await fleet.one(task);
  const holds = result.violations.length === 0;
  if (options.shrink && !holds) await shrinkAndKeep(fleet, terminal, task, result, options);
  else print(terminal, result, options);
  return holds;
};

const taskOf = ({ seed, fixture, planted, ...options }: ReplayOptions): SeedTask => {
  // A planted bug is replayed with the scenario in which it is hunted.
  const scenario = options.scenario ?? (fixture === undefined ? bugOf(planted)?.scenario : undefined);
  return {
    ...(fixture === undefined ? { seed: seed ?? 1, returns: ALL } : fixtureTask(readFixture(fixture), ALL)),
    ...(scenario !== undefined && { scenario }),
    ...(typeof planted === 'string' && { planted }),
  };
};

const bugOf = (planted: string | true | undefined): PlantedBug | undefined => plantedBugs.find(({ name }) => name === planted);

const print = (terminal: Terminal, result: SeedResult, { json }: ReplayOptions): void => {
  if (json) {
    terminal.printJson(result);
    return;
  }
  if (result.trace.length > 0) terminal.print(...result.trace.flatMap((line) => line.split('\n')));
  terminal.print(...endLines(terminal, result));
};

const endLines = ({ colors }: Terminal, { scenario, violations, steps, commands, faults, digest, choices }: SeedResult): string[] => [
  '',
  `${scenario}: ${steps} steps, ${commands} commands, ${choices.length} choices`,
  `faults: ${
    Object.entries(faults)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ') || 'none'
  }`,
  `digest: ${digest}`,
  ...(violations.length === 0 ? [colors.green('all holds')] : violations.flatMap((each) => each.split('\n').map(colors.red))),
];

const shrinkAndKeep = async (
  fleet: Fleet,
  terminal: Terminal,
  task: SeedTask,
  failing: SeedResult,
  options: ReplayOptions,
): Promise<void> => {
  const [found = ''] = failing.violations;
  const invariant = invariantOf(found);
  const fails = ({ violations }: SeedResult): boolean => violations.some((each) => invariantOf(each) === invariant);
  terminal.message(
    ...found.split('\n'),
    `${failing.choices.length} choices, ${failing.trace.length} lines of trace; shrinking by at most ${options.tries} tries`,
  );
  const shrunk = await shrink(
    failing.choices,
    async (choices) => {
      const result = await fleet.one({ ...task, choices, returns: { choices: true } });
      return fails(result) && (await isInnocent(fleet, task, result.choices)) ? result.choices : undefined;
    },
    {
      triesMax: options.tries,
      onProgress: ({ tries, harmful, length }) => terminal.progress(`${tries} tries: ${harmful} harmful choices of ${length}`),
    },
  );
  terminal.progress('');
  const result = await fleet.one({ ...task, choices: shrunk.choices });
  const violation = result.violations.find((each) => invariantOf(each) === invariant) ?? found;
  const trace = briefTrace(result.trace);
  print(terminal, { ...result, trace }, options);
  terminal.message(
    `${shrunk.tries} tries${shrunk.minimal ? ', nothing simpler left' : ''}: ${shrunk.choices.length} choices, ${trace.length} lines of ${result.trace.length}`,
  );
  // The effect of a planted bug is no failure of the code.
  if (task.planted !== undefined && !options.write) return;
  const { seed, scenario, planted } = task;
  const { choices } = shrunk;
  const fixture = {
    seed,
    found: violation,
    ...(scenario !== undefined && { scenario }),
    ...(planted !== undefined && { planted }),
    choices,
    note: noteOn(planted),
  };
  terminal.message(`kept as ${relative(process.cwd(), writeFixture(fixture))}`);
};

/** A planted bug must be the cause of the failure: without it, the same choices hold. */
const isInnocent = async (fleet: Fleet, { planted, ...task }: SeedTask, choices: readonly number[]): Promise<boolean> =>
  planted === undefined || (await fleet.one({ ...task, choices })).violations.length === 0;

/** A planted bug has a note. For a failure of the code, its author writes one. */
const noteOn = (planted: string | undefined): string => {
  const bug = bugOf(planted);
  if (!bug) return '';
  return bug.fixed === undefined ? bug.what : `${bug.what} Since the fix: ${bug.fixed}`;
};
