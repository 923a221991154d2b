import { join } from 'node:path';
import type { Terminal } from '../../../bin/terminal.ts';
import { fixtureNames, fixtureTask, FIXTURES, readFixture } from '../shrink/fixture.ts';
import type { Fleet } from '../runner/fleet.ts';
import type { SimulateOptions } from './command-line.ts';
import { rangesText } from './seed-ranges.ts';
import type { SeedResult, SeedTask } from '../runner/seed-task.ts';
import { failureLines, indentedLines, summaryLines, type Run } from './summary.ts';
import { tallyOf } from './tally.ts';
import { addToTotals, presentCommit } from './totals.ts';

/** How often a line is printed in a pipe. */
const LINE_EVERY_MS = 30_000;

type SeedsOptions = Pick<SimulateOptions, 'seeds' | 'from' | 'scenario' | 'minutes' | 'totals' | 'json'>;

/** Runs the fixtures and then the seeds; returns true if all hold. `interrupted` ends it early, with the results so far. */
export const simulateSeeds = async (
  fleet: Fleet,
  terminal: Terminal,
  options: SeedsOptions,
  interrupted: Promise<unknown>,
): Promise<boolean> => {
  const commit = presentCommit();
  terminal.message(`seeds ${rangesText([[options.from, options.from + options.seeds - 1]])}, code ${commit}, Node ${process.version}`);
  const broken = await brokenFixtures(fleet, terminal, interrupted);
  const results: SeedResult[] = [];
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1_000;
  const progress = new Progress(terminal, options, () => progressText(results, options.seeds, seconds()));
  let cutShort: string | undefined;
  const timer =
    options.minutes === undefined ? undefined : setTimeout(() => stop(`after ${options.minutes} min`), options.minutes * 60_000);
  const stop = (why: string): void => {
    cutShort = why;
    fleet.stop();
  };
  void interrupted.then(() => (cutShort = 'interrupted'));
  await Promise.race([
    interrupted,
    fleet.run(tasksOf(options), (result) => {
      results.push(result);
      progress.look();
    }),
  ]);
  clearTimeout(timer);
  progress.end();
  const tally = tallyOf(results);
  const run: Run = {
    tally,
    seconds: seconds(),
    commit,
    ...(cutShort !== undefined && tally.seeds < options.seeds && cut(cutShort, tally.ranges[0]?.[1], options)),
  };
  const failed = results.filter(({ violations }) => violations.length > 0);
  if (failed.length > 0) terminal.message(...failureLines(failed, options.scenario));
  if (options.json) terminal.printJson(run);
  else terminal.print(...summaryLines(terminal, run));
  if (options.totals !== undefined) addToTotals(options.totals, tally, run.seconds, commit);
  return failed.length === 0 && broken === 0;
};

/** The first seed that is still to be run: all seeds before it are done. */
const cut = (cutShort: string, doneTo: number | undefined, { from }: SeedsOptions): Pick<Run, 'cutShort' | 'next'> => ({
  cutShort,
  next: (doneTo ?? from - 1) + 1,
});

function* tasksOf({ from, seeds, scenario }: SeedsOptions): Iterable<SeedTask> {
  for (let seed = from; seed < from + seeds; seed += 1) yield { seed, ...(scenario !== undefined && { scenario }) };
}

const brokenFixtures = async (fleet: Fleet, terminal: Terminal, interrupted: Promise<unknown>): Promise<number> => {
  const names = fixtureNames();
  let broken = 0;
  for (const name of names) {
    const result = await Promise.race([interrupted, fleet.one(fixtureTask(readFixture(join(FIXTURES, name))))]);
    // After an interrupt, fixtures that were not run are not reported.
    if (result === undefined) return broken;
    const { violations } = result as SeedResult;
    if (violations.length === 0) continue;
    broken += 1;
    terminal.message(`fixture ${name}`, ...indentedLines(violations), `  npm run simulate -- --fixture test/simulation/fixtures/${name}`);
  }
  if (names.length > 0) terminal.message(`${names.length} fixtures, ${broken === 0 ? 'all hold' : `${broken} of them broken`}`);
  return broken;
};

const progressText = (results: readonly SeedResult[], seeds: number, seconds: number): string => {
  const failed = results.filter(({ violations }) => violations.length > 0).length;
  const rate = (results.length / Math.max(seconds, 0.001)).toFixed(1);
  return `${results.length.toLocaleString('en')} of ${seeds.toLocaleString('en')} seeds, ${rate} a second, ${failed} failed`;
};

/** Progress on the last line of a terminal, or as a line now and then. */
class Progress {
  readonly #terminal: Terminal;
  readonly #onTerminal: boolean;
  readonly #text: () => string;
  #lastLine = performance.now();

  constructor(terminal: Terminal, { json }: Pick<SeedsOptions, 'json'>, text: () => string) {
    this.#terminal = terminal;
    this.#onTerminal = terminal.isTerminal && json !== true;
    this.#text = text;
  }

  look(): void {
    if (this.#onTerminal) this.#terminal.progress(this.#text());
    else if (performance.now() - this.#lastLine >= LINE_EVERY_MS) {
      this.#lastLine = performance.now();
      this.#terminal.message(this.#text());
    }
  }

  end(): void {
    if (this.#onTerminal) this.#terminal.progress('');
  }
}
