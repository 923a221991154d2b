import { describe, expect, test } from 'vitest';
import { milliseconds } from '../../lib/contract/duration.ts';
import { instantText } from '../../lib/contract/wire/wire.ts';
import { INSTANT_MAX, instantOf } from '../../lib/contract/instant.ts';

describe('an instant', () => {
  test.each([
    ['2030-03-31T08:00:00Z', '2030-03-31T08:00:00.000Z'],
    ['2030-03-31T08:00Z', '2030-03-31T08:00:00.000Z'],
    ['2030-03-31T08:00:00.123456+02:00', '2030-03-31T06:00:00.123Z'],
    ['2028-02-29T23:59:59-05:30', '2028-03-01T05:29:59.000Z'],
  ])('%s is the same on every machine', (text, instant) => {
    expect(instantText(instantOf(text))).toBe(instant);
    expect(instantOf(new Date(instant))).toBe(Date.parse(instant));
  });

  test.each([
    'Order 7',
    'room 2027',
    '12/24/2026',
    '1',
    '',
    '2030-03-31',
    '2030-03-31T08:00:00',
    '2030-02-30T08:00:00Z',
    '2030-13-01T08:00:00Z',
    '2030-03-31T99:00:00Z',
    '2030-03-31 08:00:00Z',
  ])('%j is refused, with an example', (text) => {
    expect(() => instantOf(text)).toThrow(/is invalid: expected ISO 8601 with an offset, such as 2026-12-24T08:00:00Z/);
  });

  test('a number and an invalid Date are refused', () => {
    expect(() => instantOf(7 as never)).toThrow(/The instant 7 is invalid/);
    expect(() => instantOf(new Date(Number.NaN))).toThrow(/Invalid Date is invalid/);
  });

  test('beyond the year 9999 counts as the end of that year, and every number has a text', () => {
    expect(instantOf(new Date(8.64e15))).toBe(INSTANT_MAX);
    expect(instantText(1e300)).toBe('9999-12-31T23:59:59.999Z');
    expect(instantText(Number.NaN)).toBe('1970-01-01T00:00:00.000Z');
  });
});

test('a duration beyond 100 years counts as 100 years', () => {
  expect(milliseconds('999999999 days')).toBe(milliseconds('36525 days'));
});
