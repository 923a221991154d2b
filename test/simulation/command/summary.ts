import type { Terminal } from '../../../bin/terminal.ts';
import { rangesText } from './seed-ranges.ts';
import type { SeedResult } from '../runner/seed-task.ts';
import type { Tally } from './tally.ts';

/** The most failing seeds for which a command is printed. */
const FAILED_PRINTED_MAX = 10;

export interface Run {
  readonly tally: Tally;
  readonly seconds: number;
  readonly commit: string;
  /** Why it ended before all seeds were run. */
  readonly cutShort?: string;
  /** The next seed to be run, if the run was cut short. */
  readonly next?: number;
}

/** The figures of a run, for people. */
export const summaryLines = ({ colors }: Pick<Terminal, 'colors'>, { tally, seconds, commit, cutShort, next }: Run): string[] => {
  const { violations, failed } = tally;
  const lines: (readonly [string, string])[] = [
    ['seeds', `${number(tally.seeds)}${tally.seeds > 0 ? ` (${rangesText(tally.ranges)})` : ''}`],
    ['violations', failed.length === 0 ? colors.green('none') : colors.red(`${number(failed.length)} seeds: ${counts(violations)}`)],
    ['scenarios', counts(tally.scenarios)],
    ['instances', number(tally.instances)],
    ['events', number(tally.events)],
    ['commands', number(tally.commands)],
    ['steps', number(tally.steps)],
    ['faults', `${number(Object.values(tally.faults).reduce((sum, count) => sum + count, 0))}: ${counts(tally.faults)}`],
    ['time', `${seconds.toFixed(1)} s, ${(tally.seeds / Math.max(seconds, 0.001)).toFixed(1)} seeds a second`],
    ['code', `${commit}, Node ${process.version}`],
  ];
  if (cutShort !== undefined)
    lines.push(['cut short', colors.yellow(`${cutShort}${next === undefined ? '' : `; go on with --from ${next}`}`)]);
  return lines.map(([name, text]) => `${name.padEnd(11)} ${text}`);
};

/** The first failing seeds, each with its violations and the command that shrinks it. */
export const failureLines = (failed: readonly SeedResult[], scenario: string | undefined): string[] => {
  const printed = [...failed].sort((a, b) => a.seed - b.seed).slice(0, FAILED_PRINTED_MAX);
  const lines = printed.flatMap(({ seed, violations, scenario: name }) => {
    const more = violations.length > 3 ? [`and ${violations.length - 3} more`] : [];
    return [
      `seed ${seed} (${name})`,
      ...indentedLines([...violations.slice(0, 3), ...more]),
      `  ${replayCommand(seed, scenario)} --shrink`,
    ];
  });
  const rest = failed.length - printed.length;
  return [...lines, ...(rest > 0 ? [`and ${rest} more seeds`] : [])];
};

/** A text may have several lines: an error with its stack, the last lines of a worker. */
export const indentedLines = (texts: readonly string[]): string[] => texts.flatMap((text) => text.split('\n').map((line) => `  ${line}`));

export const replayCommand = (seed: number, scenario: string | undefined): string =>
  `npm run simulate -- --seed ${seed}${scenario === undefined ? '' : ` --scenario ${scenario}`}`;

const counts = (by: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(by)
    .map(([name, count]) => `${name} ${number(count ?? 0)}`)
    .join(', ');

const number = (value: number): string => value.toLocaleString('en');
