import ms from 'ms';
import { ContractError } from './errors.ts';

/** A duration as text: `'1 day'`, `'30 seconds'`. A typo is a compile error. */
export type Duration = `${number} ${'second' | 'minute' | 'hour' | 'day'}${'' | 's'}`;

const FORM = /^\d{1,9}(\.\d{1,9})? (second|minute|hour|day)s?$/;

/** 100 years. */
export const DURATION_MAX_MS = 36_525 * 86_400_000;

/**
 * A duration in whole milliseconds. A duration of more than 100 years counts as 100 years, so that each instant computed from it has four
 * digits for its year. Throws `CONTRACT_INVALID` for anything that is not a `Duration` of zero or more.
 */
export function milliseconds(duration: Duration): number {
  // `ms` also accepts other units and bare numbers, which the type `Duration` excludes. The check keeps run time and types equal.
  if (typeof duration !== 'string' || !FORM.test(duration)) throw invalidDuration(duration);
  return Math.min(DURATION_MAX_MS, Math.round(ms(duration as ms.StringValue)));
}

function invalidDuration(got: unknown): ContractError {
  const text = typeof got === 'string' ? `"${got}"` : `a ${typeof got}`;
  return new ContractError(
    'CONTRACT_INVALID',
    `A duration was ${text}: expected a number, a space and second, minute, hour or day, such as "15 minutes".`,
  );
}
