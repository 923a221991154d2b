import type { Replayed } from '../lib/engine/replay-journal.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { ReplayableRun, ReplayableRuns } from './runs.ts';
import type { Terminal } from './terminal.ts';

/** Replays each run on this code and prints the differences. */
export async function replayAll(terminal: Terminal, runs: ReplayableRuns, json: boolean): Promise<ExitCode> {
  const { replayed, differing } = await replayEach(runs, ({ name }, { differences, skipped }) => {
    if (json) terminal.printJson({ journal: name, differences, ...(skipped.length > 0 && { skipped }) });
    else if (differences.length > 0) printDifferences(terminal, name, differences);
    else terminal.print(`${terminal.colors.green('same')}     ${name}`, ...skipped.map((each) => `         note: ${each}`));
  });
  terminal.message(`${replayed} replayed, ${differing} ${differing === 1 ? 'differs' : 'differ'}.`);
  return differing === 0 ? EXIT.done : EXIT.bad;
}

/** Replays open runs for `contracts check`: prints the runs that do not replay, and the counts. */
export async function replayOpen(terminal: Terminal, runs: ReplayableRuns, json: boolean): Promise<ExitCode> {
  const { replayed, differing } = await replayEach(runs, ({ name }, { differences }) => {
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
  tell: (run: ReplayableRun, replayed: Replayed) => void,
): Promise<{ readonly replayed: number; readonly differing: number }> {
  let [replayed, differing] = [0, 0];
  for await (const run of runs) {
    const result = await run.replay();
    replayed += 1;
    if (result.differences.length > 0) differing += 1;
    tell(run, result);
  }
  return { replayed, differing };
}

function printDifferences(terminal: Terminal, name: string, differences: readonly string[]): void {
  terminal.print(`${terminal.colors.red('differs')}  ${name}`, ...differences.map((each) => `         ${each}`));
}
