import { EXIT, type ExitCode } from './exit-code.ts';
import type { ReplayableRun, ReplayableRuns } from './runs.ts';
import type { Terminal } from './terminal.ts';

/** Replays each run on this code and prints the differences. */
export async function replayAll(terminal: Terminal, runs: ReplayableRuns, json: boolean): Promise<ExitCode> {
  const { replayed, differing } = await replayEach(runs, ({ name }, differences) => {
    if (json) terminal.printJson({ journal: name, differences });
    else if (differences.length === 0) terminal.print(`${terminal.colors.green('same')}     ${name}`);
    else printDifferences(terminal, name, differences);
  });
  terminal.message(`${replayed} replayed, ${differing} ${differing === 1 ? 'differs' : 'differ'}.`);
  return differing === 0 ? EXIT.done : EXIT.bad;
}

/** Replays open runs for `contracts check`: prints the runs that do not replay, and the counts. */
export async function replayOpen(terminal: Terminal, runs: ReplayableRuns, json: boolean): Promise<ExitCode> {
  const { replayed, differing } = await replayEach(runs, ({ name }, differences) => {
    if (differences.length === 0) return;
    if (json) terminal.printJson({ run: name, differences });
    else printDifferences(terminal, name, differences);
  });
  if (json) terminal.printJson({ runs: replayed, differing });
  terminal.message(openMessage(replayed, differing));
  return differing === 0 ? EXIT.done : EXIT.bad;
}

function openMessage(replayed: number, differing: number): string {
  const runs = `${replayed} open ${replayed === 1 ? 'run' : 'runs'}`;
  if (differing === 0) return `${runs} ${replayed === 1 ? 'replays' : 'replay'} on this code.`;
  return `${runs}, of which ${differing} ${differing === 1 ? 'does' : 'do'} not replay on this code: each becomes stuck at its next event.`;
}

async function replayEach(
  runs: ReplayableRuns,
  tell: (run: ReplayableRun, differences: readonly string[]) => void,
): Promise<{ readonly replayed: number; readonly differing: number }> {
  let [replayed, differing] = [0, 0];
  for await (const run of runs) {
    const differences = await run.differences();
    replayed += 1;
    if (differences.length > 0) differing += 1;
    tell(run, differences);
  }
  return { replayed, differing };
}

function printDifferences(terminal: Terminal, name: string, differences: readonly string[]): void {
  terminal.print(`${terminal.colors.red('differs')}  ${name}`, ...differences.map((each) => `         ${each}`));
}
