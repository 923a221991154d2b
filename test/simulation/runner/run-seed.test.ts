import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';

test('a world reports progress at least every 500 steps, so that it does not seem to hang on a slow machine', async () => {
  let reports = 0;
  const { steps } = await runSeed({ seed: 1, scenario: 'user-activity' }, () => {
    reports += 1;
  });
  expect(steps).toBeGreaterThan(500);
  expect(reports).toBeGreaterThanOrEqual(Math.ceil(steps / 500));
});
