import { ContractError } from './errors.ts';

/** A day of each month. In a month that has no such day, and with `'last'`, it is the last day of the month. */
export interface MonthlyRule {
  /** From 1 to 31, or the last day of the month. */
  readonly monthly: number | 'last';
  /** The time on the clocks of the zone, from `'00:00'` to `'23:59'`. */
  readonly at: `${number}:${number}`;
  /** The IANA name of the time zone, such as `'Europe/Paris'` or `'UTC'`. There is no default, because machines differ in theirs. */
  readonly zone: string;
}

/** A cron expression of five fields: minute, hour, day of the month, month, day of the week. */
export interface CronRule {
  /** Such as `'0 9 * * MON-FRI'`. `L` as the day is the last of the month; a day and a day of the week together mean either. */
  readonly cron: string;
  /** The IANA name of the time zone, such as `'Europe/Paris'` or `'UTC'`. There is no default, because machines differ in theirs. */
  readonly zone: string;
}

/**
 * Recurring instants on the clocks of a time zone. `ctx.until` waits for the next of them.
 *
 * K1 The next instant is the first one after the process time, never the process time itself: a loop gets each instant once.
 * K2 A time that the clocks skip in spring is the first instant after the gap, on the same day. A time that they show twice in autumn is
 *    the first of the two. Only a cron expression with a step or `*` as its minute or hour follows the elapsed time: it has each of them.
 * K3 A host computes the instant once, with the zone data of that machine. The journal keeps it with the rule, and a replay compares the
 *    rule alone (docs/replay.md#calendar).
 */
export type CalendarRule = MonthlyRule | CronRule;

/** Whether a value is meant as a rule. It need not be a valid one. */
export function isCalendarRule(value: unknown): value is CalendarRule {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const FIELDS = /^\S+( \S+){4}$/;
/** An offset such as `+01:00` is none: some releases of Node refuse it, and it knows no daylight saving time. */
const ZONE = /^[A-Za-z]/;

/** The text of a rule in the journal. Equal rules have equal texts. Throws `CONTRACT_INVALID` for a rule that no calendar can follow. */
export function calendarText(rule: CalendarRule): string {
  const { monthly, at, cron, zone } = rule as Partial<MonthlyRule & CronRule>;
  if (!isZone(zone)) throw invalid(`has the zone ${quoted(zone)}: expected the name of a time zone, such as "Europe/Paris"`);
  if (cron !== undefined) {
    if (monthly !== undefined || at !== undefined) throw invalid('has both cron and monthly: expected one of them');
    if (typeof cron !== 'string' || !FIELDS.test(cron))
      throw invalid(`has the cron expression ${quoted(cron)}: expected five fields with one space between them, such as "0 9 * * MON-FRI"`);
    return `${cron} ${zone}`;
  }
  if (monthly !== 'last' && !isDay(monthly))
    throw invalid(`has the day ${quoted(monthly)}: expected a whole number from 1 to 31, or "last"`);
  if (typeof at !== 'string' || !TIME.test(at)) throw invalid(`has the time ${quoted(at)}: expected hours and minutes, such as "09:00"`);
  return `monthly ${monthly} ${at} ${zone}`;
}

function isDay(day: unknown): day is number {
  return Number.isInteger(day) && (day as number) >= 1 && (day as number) <= 31;
}

function isZone(zone: unknown): zone is string {
  if (typeof zone !== 'string' || !ZONE.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function invalid(what: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `A calendar rule ${what}.`);
}

function quoted(got: unknown): string {
  return typeof got === 'string' || typeof got === 'number' ? JSON.stringify(got) : `a value of type ${typeof got}`;
}
