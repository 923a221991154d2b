import type { Replayed } from '../lib/engine/replay-journal.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { ReplayableRun, ReplayableRuns } from './runs.ts';
import type { Terminal } from './terminal.ts';

/** The code of each definition in the checkout, and the codes that open runs of other code may go on with. */
interface Codes {
  readonly codes: Readonly<Record<string, { readonly code: string; readonly kind: 'async' | 'decider' }>>;
  readonly accepted: ReadonlySet<string>;
}

/** Replays each run on this code and prints the differences. Open runs that other code began are counted, because a replay sees only their past. */
export async function replayAll(
  terminal: Terminal,
  runs: ReplayableRuns,
  json: boolean,
  { codes, accepted }: Codes = { codes: {}, accepted: new Set() },
): Promise<ExitCode> {
  const others = new Map<string, number>();
  const { replayed, differing } = await replayEach(runs, ({ name, definition = '', code }, { differences, skipped }) => {
    const now = codes[definition]?.code;
    const isOther = code !== undefined && now !== undefined && code !== now;
    if (isOther) others.set(definition, (others.get(definition) ?? 0) + 1);
    if (json)
      terminal.printJson({ journal: name, differences, ...(skipped.length > 0 && { skipped }), ...(isOther && { begunBy: code, now }) });
    else if (differences.length > 0) printDifferences(terminal, name, differences);
    else {
      const said = isOther ? terminal.colors.yellow('changed') : terminal.colors.green('same');
      terminal.print(`${said}${isOther ? '  ' : '     '}${name}`, ...skipped.map((each) => `         note: ${each}`));
    }
  });
  terminal.message(`${replayed} replayed, ${differing} ${differing === 1 ? 'differs' : 'differ'}.`);
  const changed = [...others].map(([definition, count]) => changeOf(definition, count, { codes, accepted }));
  for (const { definition, text, ...change } of changed) {
    if (json) terminal.printJson({ changed: definition, ...change });
    terminal.message(text);
  }
  return differing === 0 && changed.every(({ accepted: isAccepted }) => isAccepted) ? EXIT.done : EXIT.bad;
}

/** A definition whose code is another than that of open runs. A decider is not replayed, and new code takes over at its next event. */
function changeOf(definition: string, runs: number, { codes, accepted }: Codes) {
  const { code = '', kind } = codes[definition] ?? {};
  const isAccepted = kind === 'decider' || accepted.has(code);
  const count = `${runs} open ${runs === 1 ? 'run was' : 'runs were'} begun by other code than ${code} of this checkout`;
  const text = isAccepted
    ? `${definition}: ${count}.`
    : `${definition}: ${count}. A replay checks only what they have done: put the change behind ctx.patched or a new version, or repeat the command with --accept ${code}.`;
  return { definition, code, runs, accepted: isAccepted, text };
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
