import { describe, expect, test } from 'vitest';
import { calendarText, type CalendarRule } from '../../lib/contract/calendar.ts';

describe('calendar rules', () => {
  test.each<[CalendarRule, string]>([
    [{ monthly: 31, at: '09:00', zone: 'Europe/Paris' }, 'monthly 31 09:00 Europe/Paris'],
    [{ zone: 'UTC', at: '23:59', monthly: 'last' }, 'monthly last 23:59 UTC'],
    [{ cron: '0 9 * * MON-FRI', zone: 'Europe/Paris' }, '0 9 * * MON-FRI Europe/Paris'],
  ])('the rule %j has one text, whatever the order of its members', (rule, text) => {
    expect(calendarText(rule)).toBe(text);
  });

  test.each<[unknown, string]>([
    [{ monthly: 0, at: '09:00', zone: 'UTC' }, 'has the day 0: expected a whole number from 1 to 31, or "last".'],
    [{ monthly: 32, at: '09:00', zone: 'UTC' }, 'has the day 32'],
    [{ monthly: 1.5, at: '09:00', zone: 'UTC' }, 'has the day 1.5'],
    [{ monthly: 'first', at: '09:00', zone: 'UTC' }, 'has the day "first"'],
    [{ monthly: 1, at: '9:00', zone: 'UTC' }, 'has the time "9:00": expected hours and minutes, such as "09:00".'],
    [{ monthly: 1, at: '24:00', zone: 'UTC' }, 'has the time "24:00"'],
    [{ monthly: 1, zone: 'UTC' }, 'has the time a value of type undefined'],
    [{ monthly: 1, at: '09:00' }, 'has the zone a value of type undefined: expected the name of a time zone, such as "Europe/Paris".'],
    [{ monthly: 1, at: '09:00', zone: '+01:00' }, 'has the zone "+01:00"'],
    [{ monthly: 1, at: '09:00', zone: 'Mars/Base' }, 'has the zone "Mars/Base"'],
    [{ cron: '@daily', zone: 'UTC' }, 'has the cron expression "@daily": expected five fields'],
    [{ cron: '2027-01-01T00:00:00', zone: 'UTC' }, 'has the cron expression "2027-01-01T00:00:00"'],
    [{ cron: '0 9 * * *', monthly: 1, zone: 'UTC' }, 'has both cron and monthly'],
    [{}, 'has the zone a value of type undefined'],
  ])('the rule %j is refused', (rule, message) => {
    expect(() => calendarText(rule as CalendarRule)).toThrow(message);
  });
});
