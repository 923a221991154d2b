/** The timed cases, each of which runs in a process of its own. */
import type { Timing } from './rounds.ts';

export type Mode = 'memory' | 'durable';

export type Measure =
  | { readonly kind: 'commit-per-step' }
  | { readonly kind: 'group-commit' }
  | { readonly kind: 'bookings'; readonly concurrency: number; readonly soldOut: boolean; readonly thread?: boolean }
  | { readonly kind: 'tour'; readonly steps: number }
  | { readonly kind: 'group'; readonly steps: number }
  | { readonly kind: 'decision' }
  | { readonly kind: 'replay'; readonly entries: number };

export interface TimedCase {
  readonly case: string;
  readonly row: string;
  readonly mode: Mode;
  readonly measure: Measure;
  /** Steps in one run, for the comparison with the floor. */
  readonly steps: number;
  /** The unit that the rate counts. */
  readonly unit: string;
}

export interface TimedRow extends Timing {
  readonly kind: 'timed';
  readonly case: string;
  readonly row: string;
  readonly mode: Mode;
  readonly unit: string;
  readonly stepsPerSecond: number;
  readonly cpuMsPerStep: number;
  /** Steps a second, divided by those of the floor with one SQLite commit per step in the same run. */
  readonly timesFloor: number;
}

const BOOKING_STEPS = 4;
/** Three steps, one of them refused, the message to the customer, and two undos. */
const COMPENSATION_STEPS = 6;
const MODES: readonly Mode[] = ['memory', 'durable'];

const both = (timed: Omit<TimedCase, 'mode'>): TimedCase[] => MODES.map((mode) => ({ ...timed, mode }));

const bookings = (row: string, load: { readonly concurrency: number; readonly thread?: boolean }): TimedCase[] =>
  both({ case: 'happy', row, measure: { kind: 'bookings', soldOut: false, ...load }, steps: BOOKING_STEPS, unit: 'bookings' });

/** The floor and the log alone, which are part of every run that measures time. */
export const floorCase: TimedCase = {
  case: 'floor',
  row: 'one SQLite commit a step, C = 1',
  mode: 'durable',
  measure: { kind: 'commit-per-step' },
  steps: BOOKING_STEPS,
  unit: 'bookings',
};

export const logCase: TimedCase = {
  case: 'floor',
  row: 'the group-committed log alone, C = 200',
  mode: 'durable',
  measure: { kind: 'group-commit' },
  steps: BOOKING_STEPS,
  unit: 'bookings',
};

export const timedCases: Readonly<Record<string, readonly TimedCase[]>> = {
  happy: [
    ...[1, 50, 200].flatMap((concurrency) => bookings(`C = ${concurrency}`, { concurrency })),
    ...bookings('C = 200, engine in its own thread', { concurrency: 200, thread: true }),
  ],
  compensate: both({
    case: 'compensate',
    row: 'C = 200',
    measure: { kind: 'bookings', concurrency: 200, soldOut: true },
    steps: COMPENSATION_STEPS,
    unit: 'bookings',
  }),
  long: [10, 100, 1000, 10_000].flatMap((steps) =>
    both({ case: 'long', row: `${steps.toLocaleString('en')} steps, C = 1`, measure: { kind: 'tour', steps }, steps, unit: 'tours' }),
  ),
  hot: both({ case: 'hot', row: '50 answers to one instance', measure: { kind: 'group', steps: 50 }, steps: 50, unit: 'groups' }),
  decide: [
    { case: 'decide', row: 'core and driver, no ports', mode: 'memory', measure: { kind: 'decision' }, steps: 1, unit: 'decisions' },
  ],
  replay: [
    { case: 'replay', row: '1,000 entries, cold', mode: 'memory', measure: { kind: 'replay', entries: 1000 }, steps: 500, unit: 'replays' },
  ],
};
