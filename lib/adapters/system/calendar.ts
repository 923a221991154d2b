import type { Cron } from 'croner';
import { calendarText, type CalendarRule, type MonthlyRule } from '../../contract/calendar.ts';
import { ContractError } from '../../contract/errors.ts';
import type { ScheduleSpec } from '../../contract/runtime-contract.ts';
import type { Calendar, OccurrenceRange } from '../../ports/calendar.ts';
import type { Occurrence } from '../../contract/schedule.ts';

/**
 * The only place that computes instants of calendar rules (lib/contract/calendar.ts): for `ctx.until`,
 * `ctx.each` and schedules. It uses croner and the
 * zone data of Node. croner is loaded at the first rule, so a function without calendar rules does not load it.
 */
export class SystemCalendar implements Calendar {
  async next(rule: CalendarRule, after: number): Promise<number> {
    const text = calendarText(rule);
    const { Cron } = await import('croner');
    const expression = (cron: string): Cron => expressionOf(Cron, cron, rule.zone);
    const at = 'cron' in rule ? nextOf(expression(rule.cron), after) : nextMonthly(expression, rule, after);
    if (at === undefined) throw new ContractError('CONTRACT_INVALID', `The calendar rule ${text} has no instant after ${isoOf(after)}.`);
    return at;
  }

  async occurrences(spec: Pick<ScheduleSpec, 'cron' | 'zone' | 'gap' | 'fold'>, range: OccurrenceRange): Promise<readonly Occurrence[]> {
    const { Cron } = await import('croner');
    const { occurrencesOf } = await import('./occurrences.ts');
    return occurrencesOf(expressionOf(Cron, spec.cron, undefined), spec, range);
  }

  async local(zone: string, at: number): Promise<string> {
    const { localText } = await import('./occurrences.ts');
    return localText(zone, at);
  }
}

type Expression = (cron: string) => Cron;

/**
 * A list of minutes or hours is a fixed time, as in Vixie cron. The default of croner accepts single values only. Without a zone: UTC, which
 * croner computes faster as an offset.
 */
function expressionOf(Class: typeof Cron, cron: string, timezone: string | undefined): Cron {
  try {
    const zone = timezone === undefined ? { utcOffset: 0 } : { timezone };
    return new Class(cron, { ...zone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true });
  } catch (error) {
    throw new ContractError(
      'CONTRACT_INVALID',
      `A calendar rule has the cron expression "${cron}", which is invalid: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function messageOf(error: unknown): string {
  return (error as Error).message;
}

function nextOf(expression: Cron, after: number): number | undefined {
  return expression.nextRun(new Date(after))?.getTime();
}

/** The next of the day itself and of the last days of months that have no such day. */
function nextMonthly(expression: Expression, { monthly, at, zone }: MonthlyRule, after: number): number | undefined {
  const [hour, minute] = at.split(':').map(Number) as [number, number];
  const last = expression(`${minute} ${hour} L * *`);
  if (monthly === 'last') return nextOf(last, after);
  const day = nextOf(expression(`${minute} ${hour} ${monthly} * *`), after);
  let end = nextOf(last, after);
  while (end !== undefined && (day === undefined || end < day)) {
    if (dayOf(end, zone) < monthly) return end;
    end = nextOf(last, end);
  }
  return day;
}

/** The day of the month on the clocks of the zone. */
function dayOf(at: number, zone: string): number {
  return Number(new Intl.DateTimeFormat('en', { timeZone: zone, day: 'numeric' }).format(at));
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
