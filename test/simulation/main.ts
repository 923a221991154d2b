/** `npm run simulate`: see `--help`. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf, type ExitCode } from '../../bin/exit-code.ts';
import { Terminal } from '../../bin/terminal.ts';
import { usageError } from '../../bin/exit-code.ts';
import { simulateCommand, type SimulateOptions } from './command/command-line.ts';
import { Fleet, type FleetOptions } from './runner/fleet.ts';

const terminal = new Terminal(process.stdout, process.stderr, process.env);
process.exitCode = await main().catch(exitOf);

async function main(): Promise<ExitCode> {
  const command = simulateCommand().parse();
  if (command.args.length > 0) throw usageError(`${command.args[0]} is not an option.`, 'Run it with --help.');
  const options = command.opts<SimulateOptions>();
  await check(options);
  const isReplay = options.seed !== undefined || options.fixture !== undefined;
  return withFleet(options, isReplay);
}

async function withFleet(options: SimulateOptions, isReplay: boolean): Promise<ExitCode> {
  const [{ bundle }, { simulateSeeds }, { replaySeed }, { checkDigests }] = await Promise.all([
    import('./runner/bundle.ts'),
    import('./command/simulate-seeds.ts'),
    import('./command/replay-seed.ts'),
    import('./command/check-digests.ts'),
  ]);
  const entry = fileURLToPath(new URL('runner/seed-worker.ts', import.meta.url));
  const { path, directory } = await bundle(entry, { planted: options.planted !== undefined });
  const fleetOptions: FleetOptions = { workerFile: path, size: isReplay ? 1 : Math.min(options.jobs, options.seeds) };
  const fleet = new Fleet(fleetOptions);
  const interrupted = interruption();
  const run = async (): Promise<ExitCode> => {
    if (options.planted !== undefined && !isReplay) {
      const { huntPlanted, seedOf } = await import('./planted/hunt-planted.ts');
      if (options.shrink && options.planted !== true)
        return held(await replaySeed(fleet, terminal, { ...options, seed: await seedOf(fleet, options.planted, options.seeds) }));
      return held(await huntPlanted(fleet, terminal, { ...options, planted: options.planted }));
    }
    if (isReplay) return held(await replaySeed(fleet, terminal, options));
    if (options.checkDigests) return held(await checkDigests(fleet, fleetOptions, terminal, options, interrupted));
    return held(await simulateSeeds(fleet, terminal, options, interrupted));
  };
  let wasInterrupted = false;
  void interrupted.then(() => {
    wasInterrupted = true;
    fleet.close();
  });
  try {
    const code = await run();
    return wasInterrupted ? EXIT.interrupted : code;
  } catch (error) {
    if (wasInterrupted) return EXIT.interrupted;
    throw error;
  } finally {
    fleet.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function check({ scenario, fixture, shrink, seed, write, planted, totals, from, seeds }: SimulateOptions): Promise<void> {
  if (fixture !== undefined && !existsSync(fixture))
    throw usageError(`There is no fixture ${fixture}.`, 'Name a file of test/simulation/fixtures.');
  if (shrink && seed === undefined && fixture === undefined && typeof planted !== 'string')
    throw usageError('--shrink needs to know what to shrink.', 'Add --seed or --fixture.');
  if (write && planted === undefined) throw usageError('--write goes with --planted only.', 'Add --planted.');
  if (planted === true && (seed !== undefined || fixture !== undefined))
    throw usageError('A single seed needs the name of one bug.', 'Name the bug: --planted NAME.');
  if (scenario !== undefined) {
    const { scenarioNames } = await import('./scenarios/scenarios.ts');
    if (!scenarioNames.includes(scenario))
      throw usageError(`There is no scenario ${scenario}.`, `Name one of ${scenarioNames.join(', ')}.`);
  }
  if (totals === undefined) return;
  const [{ readTotals }, { firstShared }] = await Promise.all([import('./command/totals.ts'), import('./command/seed-ranges.ts')]);
  const twice = firstShared(readTotals(totals).ranges, [[from, from + seeds - 1]]);
  if (twice !== undefined)
    throw usageError(`Seed ${twice} is already counted in ${totals}.`, 'Begin with another seed (--from), or name another file.');
}

function held(all: boolean): ExitCode {
  return all ? EXIT.done : EXIT.bad;
}

/** Commander has printed its own message; any other error is printed here. */
function exitOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  terminal.error(error);
  return exitCodeOf(error);
}

/** Resolves at the first Ctrl-C, which ends the run with the results so far. A second one meets no handler and ends the process. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
