import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../runner/bundle.ts';
import { fixtureNames, FIXTURES, fixtureTask, readFixture } from './fixture.ts';
import { Fleet } from '../runner/fleet.ts';
import { plantedBugs } from '../planted/bugs.ts';
import { runSeed } from '../runner/run-seed.ts';
import { invariantOf } from '../runner/seed-task.ts';

const fixtures = fixtureNames().map((name) => ({ name, ...readFixture(join(FIXTURES, name)) }));

test('a fixture says what was found, and what was wrong', () => {
  expect(fixtures.filter(({ found, note }) => found === '' || note === '').map(({ name }) => name)).toEqual([]);
});

test('a planted bug that is too rare to be sought has a fixture', () => {
  const held = new Set(fixtures.map(({ planted }) => planted));
  expect(plantedBugs.filter(({ rare, name }) => rare && !held.has(name)).map(({ name }) => name)).toEqual([]);
});

test.for(fixtures)('$name holds: $found', async (fixture) => {
  expect((await runSeed(fixtureTask(fixture))).violations).toEqual([]);
});

/** Where this fails for want of a violation, the simulator draws otherwise by now, and `npm run simulate -- --planted NAME --shrink --write` makes it anew. */
describe('where the bug is planted again', () => {
  let fleet: Fleet;
  let directory: string;

  beforeAll(async () => {
    const built = await bundle(fileURLToPath(new URL('../runner/seed-worker.ts', import.meta.url)), { planted: true });
    directory = built.directory;
    fleet = new Fleet({ workerFile: built.path, size: 1 });
  }, 60_000);

  afterAll(async () => {
    fleet.close();
    await rm(directory, { recursive: true });
  });

  test.for(fixtures.filter(({ planted }) => planted !== undefined))('$name finds it', async ({ planted = '', found, ...fixture }) => {
    const { violations } = await fleet.one({ ...fixtureTask({ found, ...fixture }), planted });
    expect(violations.map(invariantOf)).toContain(invariantOf(found));
  });
});
