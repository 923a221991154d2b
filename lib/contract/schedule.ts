import { calendarText } from './calendar.ts';
import { type Duration, milliseconds } from './duration.ts';
import { ContractError } from './errors.ts';
import { isKebabName } from './name.ts';
import { processContract, type AnyProcess, type StartOf } from './process-contract.ts';
import type { CatchUp, Overlap, ScheduleContract, ScheduledAt, ScheduleSpec } from './runtime-contract.ts';

/** When a schedule starts, and what it does with a time that cannot be started as planned. */
export interface ScheduleTimes {
  /** Five fields: minute, hour, day of the month, month, day of the week, such as `'30 2 * * MON-FRI'`. */
  readonly cron: string;
  /** The IANA name of the time zone, such as `'Europe/Paris'` or `'UTC'`. There is no default, because machines differ in theirs. */
  readonly zone: string;
  /**
   * A time while the instance of an earlier time runs: `'skip'` does not start it; `'queue-one'` starts one of them after the end, the
   * first; `'queue-all'` each, at most 100; `'cancel'` cancels the running instance, which undoes its steps, and starts this one after it;
   * `'allow'` starts it beside the other. @default 'skip'
   */
  readonly overlap?: Overlap;
  /**
   * Times that passed while no engine ran: `'latest'` starts the last of them, `'all'` each, at most 100, and `'none'` only one that is at
   * most 15 minutes late. @default 'latest'
   */
  readonly catchUp?: CatchUp;
  /** A time that is later than this is never started. @default '1 day' */
  readonly within?: Duration;
  /** Each start is delayed by a part of this that depends on its id only. @default '0 seconds' */
  readonly jitter?: Duration;
  /** A time that the clocks skip in spring: at the first instant after the gap, or not at all. @default 'after' */
  readonly gap?: 'after' | 'skip';
  /** A time that the clocks show twice in autumn. @default 'first' */
  readonly fold?: 'first' | 'last' | 'both';
}

/** The members of `schedule` that depend on its process. */
export type ScheduledInput<P extends AnyProcess> = [StartOf<P>] extends [never]
  ? { readonly input: 'a decider is not scheduled, because only events start it: schedule a process' }
  : null extends StartOf<P>
    ? { readonly input?: (at: ScheduledAt) => StartOf<P> }
    : { readonly input: (at: ScheduledAt) => StartOf<P> };

/** A recurring start of a process. */
export interface Schedule<N extends string = string> {
  readonly name: N;
  readonly '~schedule': true;
}

/** A time of a schedule. */
export interface Occurrence {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /**
   * The nominal time on the clocks of the zone: `2026-11-29T02:30`. A time that has two instants has the offset too if it is the second of
   * them and both count: `2026-10-25T02:30+01:00`.
   */
  readonly local: string;
  /** The clocks skip this time, and `gap` is `'skip'`: nothing is started. `at` is the first instant after the gap. */
  readonly gap?: true;
}

/** Times that wait for an end, and times of one catch-up or backfill. */
export const SCHEDULED_MAX = 100;

/**
 * Starts a process at recurring times of a time zone. List it in `system({ schedules: […] })`; it begins with the deployment. The id of each
 * start is its nominal local time, so no time is started twice. Throws `CONTRACT_INVALID` for times that no calendar can follow.
 * @example import { schedule } from 'tutti'; export const nightly = schedule('nightly-report', { process: report, cron: '30 2 * * *', zone: 'Europe/Paris', input: (at) => ({ day: at.day }) });
 */
export function schedule<const N extends string, P extends AnyProcess>(
  name: N,
  options: { readonly process: P } & ScheduleTimes & ScheduledInput<P>,
): Schedule<N> {
  const { process, input, ...times } = options as { readonly process: P; readonly input?: (at: ScheduledAt) => unknown } & ScheduleTimes;
  const spec = scheduleSpec(name, process.name, times);
  if (processContract(process).kind === 'decider')
    throw invalid(name, `starts the decider ${process.name}, and only events start a decider: schedule a process`);
  if (input !== undefined && typeof input !== 'function') throw invalid(name, 'has an input that is not a function of its time');
  const contract: ScheduleContract = Object.freeze({ name, spec, input: input ?? nothing });
  return Object.freeze({ name, '~schedule': contract }) as never;
}

function nothing(): null {
  return null;
}

/** The run-time contract of a schedule. */
export function scheduleContract(of: Schedule): ScheduleContract {
  return of['~schedule'] as unknown as ScheduleContract;
}

const OVERLAPS: readonly unknown[] = ['skip', 'queue-one', 'queue-all', 'cancel', 'allow'];
const CATCH_UPS: readonly unknown[] = ['none', 'latest', 'all'];
const GAPS: readonly unknown[] = ['after', 'skip'];
const FOLDS: readonly unknown[] = ['first', 'last', 'both'];

/** Checks the times of a schedule, and fills in the defaults. Throws `CONTRACT_INVALID`. */
export function scheduleSpec(name: string, process: string, times: ScheduleTimes): ScheduleSpec {
  if (!isKebabName(name)) throw invalid(name, 'has a name that is not kebab-case of at most 50 characters');
  const { cron, zone, overlap = 'skip', catchUp = 'latest', within = '1 day', jitter = '0 seconds', gap = 'after', fold = 'first' } = times;
  calendarText({ cron, zone });
  const fault =
    cronFault(cron) ??
    unlisted('overlap', overlap, OVERLAPS) ??
    unlisted('catchUp', catchUp, CATCH_UPS) ??
    unlisted('gap', gap, GAPS) ??
    unlisted('fold', fold, FOLDS) ??
    elapsedFault(times);
  if (fault !== undefined) throw invalid(name, fault);
  return { process, cron, zone, overlap, catchUp, withinMs: milliseconds(within), jitterMs: milliseconds(jitter), gap, fold };
}

/** A minute or an hour with a step or `*` follows the elapsed time, so clocks that skip or repeat an hour change nothing. */
export function isElapsed(cron: string): boolean {
  const [minute = '', hour = ''] = cron.split(' ');
  return /[*?/]/.test(minute + hour);
}

function elapsedFault({ cron, gap, fold }: ScheduleTimes): string | undefined {
  const set = gap === undefined ? (fold === undefined ? undefined : 'fold') : 'gap';
  if (set === undefined || !isElapsed(cron)) return undefined;
  return `has ${set} and the cron expression "${cron}", whose minute or hour has a step or "*": leave ${set} out, it has each elapsed time`;
}

function unlisted(option: string, got: unknown, allowed: readonly unknown[]): string | undefined {
  return allowed.includes(got) ? undefined : `has the ${option} ${JSON.stringify(got)}: expected ${allowed.join(', ')}`;
}

const MONTHS = 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC';
const DAYS = 'SUN|MON|TUE|WED|THU|FRI|SAT';
const FIELDS: readonly (readonly [name: string, from: number, to: number, names: string])[] = [
  ['minute', 0, 59, ''],
  ['hour', 0, 23, ''],
  ['day of the month', 1, 31, 'L'],
  ['month', 1, 12, MONTHS],
  ['day of the week', 0, 7, DAYS],
];

/** The first fault of the five fields, found without the library that computes the times. */
function cronFault(cron: string): string | undefined {
  const fields = cron.split(' ');
  for (const [i, [name, from, to, names]] of FIELDS.entries()) {
    const field = fields[i] as string;
    if (!field.split(',').every((part) => isPart(part, from, to, names)))
      return `has the cron expression "${cron}", whose ${name} is "${field}": expected numbers from ${from} to ${to}${names === '' ? '' : ` or ${names.split('|').slice(0, 2).join(', ')}`}, with , - / or *`;
  }
  return undefined;
}

function isPart(part: string, from: number, to: number, names: string): boolean {
  const [range = '', step, ...rest] = part.split('/');
  if (rest.length > 0 || (step !== undefined && !(/^\d{1,2}$/.test(step) && Number(step) >= 1))) return false;
  if (range === '*') return true;
  const ends = range.split('-');
  // A step counts from a range: croner refuses one after a single value.
  if (ends.length > 2 || (step !== undefined && ends.length !== 2)) return false;
  const values = ends.map((end) => valueOf(end, from, to, names));
  return values.every((value) => value !== undefined) && (ends.length === 1 || (values[0] as number) <= (values[1] as number));
}

function valueOf(text: string, from: number, to: number, names: string): number | undefined {
  const named = names === '' ? -1 : names.split('|').indexOf(text.toUpperCase());
  if (named >= 0) return named + from;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= from && value <= to ? value : undefined;
}

function invalid(name: string, what: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `The schedule ${JSON.stringify(name)} ${what}.`);
}
