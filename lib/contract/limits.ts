import { ContractError } from './errors.ts';
import type { Frozen, Received } from './schema.ts';

/** A rate as text: `'10 per second'`, `'600 per hour'`. A typo is a compile error. */
export type Rate = `${number} per ${Unit}`;
type Unit = 'second' | 'minute' | 'hour' | 'day';

/**
 * The limits of the runs of a command's handler. They belong to the called system, such as the rate that a foreign API allows: every process
 * and every system that calls the command obeys them. A command that is not run yet stays in the queue; nothing is refused.
 */
export interface CommandLimits<I> {
  /** Runs that begin in any period of this length, retries included: `'10 per second'` allows 10 at once, then the next a second later. */
  readonly rate?: Rate;
  /** Runs at the same time, from 1 to 100. A handler that defers its command has ended. */
  readonly concurrency?: number;
  /** The key of a command, at most 256 characters: each key has these limits for itself. @default one key for all */
  readonly key?: (input: Frozen<Received<I>>) => string;
}

/** The limits of a command, checked. The definition keeps them as they are written, so that an engine has no code for them. */
export interface Limits {
  /** At most `most` runs begin in any `periodMs`. */
  readonly rate?: { readonly most: number; readonly periodMs: number };
  readonly concurrency?: number;
  readonly key?: (input: never) => string;
}

/** The largest count of a rate, and the largest concurrency. */
const COUNT_MAX = 1_000_000;
const CONCURRENCY_MAX = 100;
/** A rate of a larger count is kept as a smaller count in a shorter period, which keeps the rate as well: 1,000 per second as 100 per 0.1 s. */
const KEPT_MAX = 100;
const UNITS: Readonly<Record<Unit, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const RATE = /^(\d{1,7}) per (second|minute|hour|day)$/;

/** The limits that a command `name` has declared. @throws ContractError `CONTRACT_INVALID` */
export function checkedLimits(name: string, { rate, concurrency, key }: CommandLimits<never>): Limits {
  if (rate === undefined && concurrency === undefined) throw invalid(name, 'limits had neither rate nor concurrency: expected one of them');
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX))
    throw invalid(name, `limits.concurrency was ${shown(concurrency)}: expected a whole number from 1 to ${CONCURRENCY_MAX}`);
  if (key !== undefined && typeof key !== 'function') throw invalid(name, `limits.key was ${shown(key)}: expected a function of the input`);
  return Object.freeze({
    ...(rate === undefined ? {} : { rate: Object.freeze(rateOf(name, rate)) }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(key === undefined ? {} : { key }),
  });
}

function rateOf(name: string, rate: Rate): NonNullable<Limits['rate']> {
  const [, digits, unit] = (typeof rate === 'string' && RATE.exec(rate)) || [];
  const count = Number(digits);
  if (unit === undefined || count < 1 || count > COUNT_MAX)
    throw invalid(
      name,
      `limits.rate was ${shown(rate)}: expected a whole number from 1 to ${COUNT_MAX} and a period, such as "10 per second"`,
    );
  const periodMs = UNITS[unit as Unit];
  const parts = Math.ceil(count / KEPT_MAX);
  return { most: Math.floor(count / parts), periodMs: Math.ceil(periodMs / parts) };
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : `a ${typeof value}`;
}

function invalid(name: string, sentence: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${name}: ${sentence}.`, { remedy: 'Correct limits in the contract of the command.' });
}

/** The limits in words, for people: `10 per second and 4 at once per key`. */
export function limitsText({ rate, concurrency, key }: CommandLimits<never>): string {
  const parts = [...(rate === undefined ? [] : [rate]), ...(concurrency === undefined ? [] : [`${concurrency} at once`])];
  return `${parts.join(' and ')}${key === undefined ? '' : ' for each key'}`;
}
