import { describe, expect, test } from 'vitest';
import type { CalendarRule } from '../../lib/contract/calendar.ts';
import type { Calendar } from '../../lib/ports/calendar.ts';

const PARIS = 'Europe/Paris';
/** The clocks skip 02:00 to 03:00 on 28 March 2027, and show 02:00 to 03:00 twice on 31 October 2027. */
const rows: readonly (readonly [title: string, rule: CalendarRule, after: string, next: readonly string[]])[] = [
  [
    'the 31st is the last day of shorter months',
    { monthly: 31, at: '09:00', zone: PARIS },
    '2027-01-31T07:59:59.999Z',
    ['2027-01-31T08:00:00.000Z', '2027-02-28T08:00:00.000Z', '2027-03-31T07:00:00.000Z', '2027-04-30T07:00:00.000Z'],
  ],
  [
    'the 29th is the last day of February, which has a 29th in leap years',
    { monthly: 29, at: '09:00', zone: 'UTC' },
    '2027-02-01T00:00:00.000Z',
    ['2027-02-28T09:00:00.000Z', '2027-03-29T09:00:00.000Z'],
  ],
  [
    'the 30th of a leap year is the 29th of February',
    { monthly: 30, at: '00:00', zone: 'UTC' },
    '2028-01-30T00:00:00.000Z',
    ['2028-02-29T00:00:00.000Z', '2028-03-30T00:00:00.000Z'],
  ],
  [
    'the last day of the month',
    { monthly: 'last', at: '23:59', zone: PARIS },
    '2027-10-01T00:00:00.000Z',
    ['2027-10-31T22:59:00.000Z', '2027-11-30T22:59:00.000Z'],
  ],
  [
    'an instant is after the given one, never equal to it',
    { monthly: 1, at: '09:00', zone: PARIS },
    '2027-05-01T07:00:00.000Z',
    ['2027-06-01T07:00:00.000Z'],
  ],
  [
    'the day is that of the zone, not of UTC',
    { monthly: 1, at: '00:30', zone: 'Pacific/Auckland' },
    '2027-06-01T00:00:00.000Z',
    ['2027-06-30T12:30:00.000Z', '2027-07-31T12:30:00.000Z'],
  ],
  [
    'a monthly time in the gap is the first instant after it',
    { monthly: 28, at: '02:30', zone: PARIS },
    '2027-03-01T00:00:00.000Z',
    ['2027-03-28T01:00:00.000Z', '2027-04-28T00:30:00.000Z'],
  ],
  [
    'a monthly time that the clocks show twice is the first of the two',
    { monthly: 31, at: '02:30', zone: PARIS },
    '2027-10-01T00:00:00.000Z',
    ['2027-10-31T00:30:00.000Z', '2027-11-30T01:30:00.000Z'],
  ],
  [
    'a gap at midnight moves the instant to the same day',
    { cron: '15 0 * * *', zone: 'Africa/Cairo' },
    '2027-04-29T12:00:00.000Z',
    ['2027-04-29T22:00:00.000Z', '2027-04-30T21:15:00.000Z'],
  ],
  [
    'all times of a list in the gap are one instant after it',
    { cron: '0,30 2 * * *', zone: PARIS },
    '2027-03-27T12:00:00.000Z',
    ['2027-03-28T01:00:00.000Z', '2027-03-29T00:00:00.000Z'],
  ],
  [
    'all times of a list that the clocks show twice are their first instants',
    { cron: '0,30 2 * * *', zone: PARIS },
    '2027-10-30T12:00:00.000Z',
    ['2027-10-31T00:00:00.000Z', '2027-10-31T00:30:00.000Z', '2027-11-01T01:00:00.000Z'],
  ],
  [
    'a step follows the elapsed time over the repeated hour',
    { cron: '*/30 * * * *', zone: PARIS },
    '2027-10-31T00:00:00.000Z',
    ['2027-10-31T00:30:00.000Z', '2027-10-31T01:00:00.000Z', '2027-10-31T01:30:00.000Z', '2027-10-31T02:00:00.000Z'],
  ],
  [
    'a step follows the elapsed time over the gap',
    { cron: '*/30 * * * *', zone: PARIS },
    '2027-03-28T00:30:00.000Z',
    ['2027-03-28T01:00:00.000Z', '2027-03-28T01:30:00.000Z'],
  ],
  [
    'weekdays at nine',
    { cron: '0 9 * * MON-FRI', zone: PARIS },
    '2027-10-29T08:00:00.000Z',
    ['2027-11-01T08:00:00.000Z', '2027-11-02T08:00:00.000Z'],
  ],
  [
    'the 29th of February',
    { cron: '0 0 29 2 *', zone: 'UTC' },
    '2027-01-01T00:00:00.000Z',
    ['2028-02-29T00:00:00.000Z', '2032-02-29T00:00:00.000Z'],
  ],
];

/** The contract of each calendar. */
export function calendarContract(name: string, calendar: Calendar): void {
  describe(`calendar: ${name}`, () => {
    test.each(rows)('%s', async (_, rule, after, next) => {
      let at = Date.parse(after);
      const instants: string[] = [];
      while (instants.length < next.length) {
        at = await calendar.next(rule, at);
        instants.push(new Date(at).toISOString());
      }
      expect(instants).toEqual(next);
    });

    test.each<[string, CalendarRule, RegExp]>([
      ['of a minute that does not exist', { cron: '61 9 * * *', zone: PARIS }, /"61 9 \* \* \*", which is invalid/],
      ['of six fields', { cron: '0 0 9 * * *', zone: PARIS }, /expected five fields/],
      ['of an unknown zone', { cron: '0 9 * * *', zone: 'Mars/Base' }, /the zone "Mars\/Base"/],
      ['of a day that never comes', { cron: '0 9 30 2 *', zone: PARIS }, /has no instant after 2027-01-01/],
    ])('refuses a rule %s', async (_, rule, message) => {
      await expect(calendar.next(rule, Date.UTC(2027, 0, 1))).rejects.toMatchObject({
        code: 'CONTRACT_INVALID',
        message: expect.stringMatching(message) as string,
      });
    });
  });
}
