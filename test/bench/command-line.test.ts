import { expect, test } from 'vitest';
import { ON_DYNAMODB, readCommandLine } from '../../bench/command-line.ts';
import { isHeld } from '../../bench/counted-cases.ts';
import { agreement, returnedCases } from '../../bench/returned-units.ts';
import { quantile, rounds } from '../../bench/rounds.ts';

const known = ['happy', 'long', 'hot'];

test('every case runs, is timed and printed as a table without arguments', () => {
  expect(readCommandLine([], known)).toEqual({ cases: known, json: false, countsOnly: false, onDynamoDb: false });
});

test('cases run in the order of the list, each once', () => {
  expect(readCommandLine(['hot', 'happy', 'hot', '--json', '--counts'], known)).toEqual({
    cases: ['happy', 'hot'],
    json: true,
    countsOnly: true,
    onDynamoDb: false,
  });
});

test('an unknown argument is reported with the allowed ones', () => {
  expect(readCommandLine(['cold'], known)).toBe(
    'cold is neither an option nor a case: expected --json, --counts, --dynamodb, or one of happy, long, hot.',
  );
});

test('DynamoDB runs only some cases, and other cases are refused', () => {
  expect(Object.keys(returnedCases)).toEqual(ON_DYNAMODB);
  expect(readCommandLine(['--dynamodb'], known)).toMatchObject({ cases: ['happy', 'long'], onDynamoDb: true });
  expect(readCommandLine(['hot', '--dynamodb'], known)).toBe('hot is not run on DynamoDB: expected happy, long.');
});

test('units agree within five percent, and a unit without a prediction does not agree', () => {
  const units = { write: 100, read: 0, indexWrite: 3 };
  const held = (returned: object): boolean[] => agreement(units, { ...units, ...returned }).map(isHeld);
  expect(held({})).toEqual([true, true, true]);
  expect(held({ write: 105 })).toEqual([true, true, true]);
  expect(held({ write: 94, read: 1 })).toEqual([false, false, true]);
});

test('a quantile is the value below which the given fraction of the values lies', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([1, 2, 3, 4], 0.95)]).toEqual([2, 4]);
});

test('a round runs each of its runners at least once, and no number twice', async () => {
  const numbers: number[] = [];
  await rounds({ concurrency: 3, seconds: 0, rounds: 2, warmUpSeconds: 0 }, async (number) => void numbers.push(number));
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
});
