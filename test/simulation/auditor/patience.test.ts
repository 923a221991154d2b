import { describe, expect, test } from 'vitest';
import { Patience } from './patience.ts';

const HOUR_MS = 3_600_000;

const violationsOf = (body: (patience: Patience, report: (invariant: string, what: string) => void) => void): string[] => {
  const found: string[] = [];
  const patience = new Patience();
  patience.accepted('m', 1, 0);
  body(patience, (invariant, what) => found.push(`${invariant}: ${what}`));
  return found;
};

describe('I17', () => {
  test('allows a dead letter to be parked after a day, and not before', () => {
    expect(violationsOf((patience, report) => patience.parked('DEAD_LETTER', 'm', 24 * HOUR_MS, report))).toEqual([]);
    expect(violationsOf((patience, report) => patience.parked('DEAD_LETTER', 'm', 6 * HOUR_MS, report))).toEqual([
      'I17: a message was parked as a dead letter after 21600 s: m',
    ]);
  });

  test('allows any other reason at any time', () => {
    expect(violationsOf((patience, report) => patience.parked('FORBIDDEN', 'm', 0, report))).toEqual([]);
  });

  test('limits how often a message is received within an hour, with a higher limit after a fault or for several copies', () => {
    const often = (copies: number, faults: number) =>
      violationsOf((patience, report) => {
        patience.accepted('m', copies, 1);
        for (let i = 0; i < 61; i += 1) patience.received('m', i * 1_000, faults, report);
      });
    expect(often(1, 0)).toEqual(['I17: a message was received more than 60 times within an hour: m']);
    expect(often(1, 1)).toEqual([]);
    expect(often(2, 0)).toEqual([]);
  });

  test('begins the limit again each hour', () => {
    const found = violationsOf((patience, report) => {
      for (let hour = 0; hour < 3; hour += 1) for (let i = 0; i < 60; i += 1) patience.received('m', hour * HOUR_MS + i, 0, report);
    });
    expect(found).toEqual([]);
  });
});
