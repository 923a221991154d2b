import type { ListedInstance } from '../lib/client/operations/operations.ts';
import { ofTenant } from '../lib/client/instance.ts';
import { visibleText } from '../lib/contract/wire/visible-text.ts';
import type { Terminal } from './terminal.ts';

const HEADER = ['PROCESS', 'ID', 'STATUS', 'AGE', 'WHY'] as const;
/** If the column has fewer characters than this, the text is not cut, and the terminal wraps it. */
const WHY_WIDTH_MIN = 20;

/** Formats instances as aligned columns. The tenant follows the id unless it is the default. The last column is cut at the terminal's width. */
export function instanceTable(terminal: Terminal, instances: readonly ListedInstance[], now: number): readonly string[] {
  const { colors, columns } = terminal;
  const cells = instances.map(({ process, id, status, started, why, paused, original, ...whose }) => [
    process,
    `${id}${ofTenant(whose)}`,
    paused === undefined ? status : 'paused',
    ageText(now - Date.parse(started)),
    `${why}${forkText(original)}`,
  ]);
  // The printed form of a cell determines its width, so that the columns stay aligned.
  const rows = [HEADER, ...cells.map((row) => row.map(visibleText))];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const room = columns - widths.reduce((sum, width) => sum + width + 2, 0);
  return rows.map((row, index) => {
    const [process = '', id = '', status = '', age = '', why = ''] = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    if (index === 0) return colors.dim([process, id, status, age, why].join('  '));
    return `${process}  ${id}  ${statusColor(terminal, status.trim())(status)}  ${age}  ${colors.dim(cut(why, room))}`;
  });
}

export function statusColor({ colors }: Terminal, status: string): (text: string) => string {
  switch (status) {
    case 'running':
      return colors.cyan;
    case 'completed':
      return colors.green;
    case 'failed':
    case 'stuck':
      return colors.red;
    default:
      return colors.yellow;
  }
}

function cut(text: string, room: number): string {
  return room < WHY_WIDTH_MIN || text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** Formats an age in its largest unit. A negative age, from a clock that is behind, is `0s`. */
export function ageText(milliseconds: number): string {
  for (const [name, length] of UNITS) if (milliseconds >= length) return `${Math.floor(milliseconds / length)}${name}`;
  return `${Math.max(0, Math.floor(milliseconds / 1000))}s`;
}

/** The original of a fork. */
export function forkText(original: ListedInstance['original']): string {
  return original === undefined ? '' : `; a fork of ${original.id}`;
}

/** The events that are kept for a paused instance. */
export function waitText({ waiting }: { readonly waiting: number }): string {
  if (waiting === 0) return '';
  return `; ${waiting} ${waiting === 1 ? 'event waits' : 'events wait'} for the resume`;
}
