import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMPARED, countLoad, loadPage } from '../../bench/load-page.ts';

const load = await countLoad();

test('the load page of examples/personalisation equals the output of npm run cost', () => {
  const page = readFileSync(new URL('../../examples/personalisation/load.md', import.meta.url), 'utf8');
  expect(page, 'Run `npm run cost` and look at what changed').toBe(loadPage(load));
});

test.each(COMPARED)('the model of a visit and the engine agree on %s within one in a hundred', (each) => {
  const { sample, warm } = load;
  expect(warm[each]).toBeGreaterThan(0);
  expect(Math.abs(sample[each] - warm[each]) / warm[each]).toBeLessThanOrEqual(0.01);
});

test('a cold environment makes the commits of a warm one', () => {
  expect(Math.abs(load.cold.commits - load.warm.commits) / load.warm.commits).toBeLessThanOrEqual(0.01);
  expect(load.cold.readUnits).toBeGreaterThan(load.warm.readUnits);
});
