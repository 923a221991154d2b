import { expect, test } from 'vitest';
import { systemContract } from '../../lib/contract/system.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { CHECKS, type Check, type Smoke } from './checks.ts';
import { outcomeText, runChecks, type Outcome } from './run-checks.ts';

const smoke = { reach: { system: systemContract(trips) }, local: true, mayDenyTable: false } as unknown as Smoke;
const outcomesOf = async (checks: readonly Check[], world: Smoke = smoke): Promise<readonly Outcome[]> => {
  let now = 0;
  const told: Outcome[] = [];
  const outcomes = await runChecks(checks, world, { now: () => (now += 500), tell: (outcome) => void told.push(outcome) });
  expect(told).toEqual(outcomes);
  return outcomes;
};

test('a check that fails is reported with its reason and does not end the others', async () => {
  const failing = async (): Promise<void> => {
    throw new TypeError('no\nanswer');
  };
  const outcomes = await outcomesOf([
    { title: 'fails', run: failing },
    { title: 'passes', run: async () => {} },
  ]);
  expect(outcomes.map(outcomeText)).toEqual(['failed   fails (1 s)\n         TypeError: no\n         answer', 'passed   passes (1 s)']);
});

test('a check that cannot run is skipped with the reason: no such process, no IAM, or no permission to deny the table', async () => {
  const run = async (): Promise<void> => {
    throw new TypeError('it ran');
  };
  const real = { ...smoke, local: false };
  const without = CHECKS.map((check) => ({
    ...check,
    run: check.skip === undefined && check.process === 'book-trip' ? async () => {} : run,
  }));
  const skipped = (outcomes: readonly Outcome[]): readonly string[] => outcomes.map(({ status, text }) => `${status} ${text ?? ''}`);
  const denied = without.filter(({ title }) => title.startsWith('the table denies'));
  expect(skipped(await outcomesOf(denied))).toEqual(['skipped LocalStack evaluates no policy of a table']);
  expect(skipped(await outcomesOf(denied, real))).toEqual([expect.stringContaining('ask for it by --deny-table')]);
  expect(skipped(await outcomesOf(denied, { ...real, mayDenyTable: true }))).toEqual(['failed TypeError: it ran']);
  const all = await outcomesOf(without);
  expect(all.filter(({ status }) => status === 'failed')).toEqual([]);
  expect(all.filter(({ text }) => text === 'the system trips of this deployment has no process tour')).toHaveLength(1);
});
