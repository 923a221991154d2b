import { isHeld, type CountedRow } from './counted-cases.ts';
import type { EmbeddedRow } from './embedded-counts.ts';
import type { FunctionRow, Spread } from './function-cases.ts';
import type { ReturnedRow, Units } from './returned-units.ts';
import type { TimedRow } from './timed-cases.ts';

export type Row = CountedRow | EmbeddedRow | FunctionRow | ReturnedRow | TimedRow;

const COUNTED = [
  'counted',
  '',
  'events',
  'calls/event',
  'most',
  'sends/event',
  'spills/event',
  'write units',
  'read units',
  'index/instance',
  'limits',
];
const TIMED = ['timed', '', '', 'a second', 'median', 'p95', 'CPU a step', 'steps a second', 'x floor'];

const RETURNED = [
  'DynamoDB, units an event',
  '',
  'events',
  ...['write', 'read', 'index'].flatMap((kind) => [`${kind} predicted`, 'returned']),
  'limits',
];

const EMBEDDED = ['embedded', '', 'counted', 'at most'];

const FUNCTION = ['functions, median (least)', '', 'KB loaded', 'KB uploaded', 'import', 'first call', 'both', 'limits'];

/** All rows under their headings: counts, units of DynamoDB, times, and the sizes and start times of the functions. */
export const printedTable = (rows: readonly Row[]): string => {
  const counted = rows.filter((row) => row.kind === 'counted');
  const returned = rows.filter((row) => row.kind === 'returned');
  const timed = rows.filter((row) => row.kind === 'timed');
  const embedded = rows.filter((row) => row.kind === 'embedded');
  const functions = rows.filter((row) => row.kind === 'function');
  return [
    counted.length > 0 && aligned([COUNTED, ...counted.map(countedCells)]),
    returned.length > 0 && aligned([RETURNED, ...returned.map(returnedCells)]),
    embedded.length > 0 && aligned([EMBEDDED, ...embedded.flatMap(embeddedCells)]),
    timed.length > 0 && aligned([TIMED, ...timed.map(timedCells)]),
    functions.length > 0 && aligned([FUNCTION, ...functions.map(functionCells)]),
  ]
    .filter(Boolean)
    .join('\n\n');
};

const embeddedCells = ({ row, checks }: EmbeddedRow): string[][] =>
  checks.map(({ what, counted, atMost }) => [row, what, counted.toFixed(1), String(atMost)]);

const countedCells = (row: CountedRow): string[] => [
  row.case,
  row.row,
  String(row.events),
  row.storeCallsPerEvent.toFixed(2),
  row.decisionCallsMax === 0 ? '-' : String(row.decisionCallsMax),
  row.sendsPerEvent.toFixed(2),
  row.spillsPerEvent.toFixed(3),
  row.writeUnitsPerEvent.toFixed(3),
  row.readUnitsPerEvent.toFixed(2),
  row.indexWritesPerInstance.toFixed(0),
  limitsOf(row),
];

const returnedCells = ({ case: name, row, events, predicted, returned, checks }: ReturnedRow): string[] => [
  name,
  row,
  String(events),
  ...(['write', 'read', 'indexWrite'] as const satisfies (keyof Units)[]).flatMap((kind) => [
    predicted[kind].toFixed(3),
    returned[kind].toFixed(3),
  ]),
  limitsOf({ checks }),
];

const limitsOf = ({ checks }: Pick<CountedRow, 'checks'>): string => {
  const over = checks.filter((check) => !isHeld(check));
  if (over.length > 0)
    return over.map(({ what, counted, atMost }) => `OVER: ${what} ${Number(counted.toFixed(3))}, at most ${atMost}`).join('; ');
  return `${checks.length} held`;
};

const timedCells = (row: TimedRow): string[] => [
  row.case,
  row.row,
  row.mode,
  `${number(row.perSecond)} ${row.unit}`,
  time(row.medianMs),
  time(row.p95Ms),
  time(row.cpuMsPerStep),
  number(row.stepsPerSecond),
  row.timesFloor.toFixed(2),
];

const functionCells = (row: FunctionRow): string[] => [
  row.case,
  row.row,
  row.loadedKb.toFixed(0),
  row.assetKb.toFixed(0),
  spread(row.times?.importMs),
  spread(row.times?.firstCallMs),
  spread(row.times?.bothMs),
  limitsOf(row),
];

const spread = (times: Spread | undefined): string => (times ? `${times.medianMs.toFixed(0)} (${times.leastMs.toFixed(0)}) ms` : '-');

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 });

const time = (ms: number): string => (ms < 0.1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms < 100 ? ms.toFixed(2) : ms.toFixed(0)} ms`);

/** The first two columns and the last contain text, the others numbers. */
const aligned = (lines: readonly (readonly string[])[]): string => {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    isWords(lines, column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(cell).join('  ').trimEnd()).join('\n');
};

const isWords = (lines: readonly (readonly string[])[], column: number): boolean =>
  column < 2 || lines.slice(1).some((line) => /^(?:OVER|\d+ held|memory|durable)/.test(line[column] ?? ''));
