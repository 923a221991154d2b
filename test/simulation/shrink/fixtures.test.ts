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

test('each fixture has its violation, and a note on the cause', () => {
  expect(fixtures.filter(({ found, note }) => found === '' || note === '').map(({ name }) => name)).toEqual([]);
});

test('each planted bug that is too rare for the hunt has a fixture', () => {
  const held = new Set(fixtures.map(({ planted }) => planted));
  expect(plantedBugs.filter(({ rare, name }) => rare && !held.has(name)).map(({ name }) => name)).toEqual([]);
});

test.for(fixtures)('$name holds: $found', async (fixture) => {
  expect((await runSeed(fixtureTask(fixture))).violations).toEqual([]);
});

/**
 * If this fails because nothing is violated, the simulator now draws other choices. Make the fixture again:
 * `npm run simulate -- --planted NAME --shrink --write`.
 */
describe('a fixture with its bug planted again', () => {
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

  test.for(fixtures.filter(({ planted }) => planted !== undefined))(
    '$name violates the same invariant',
    async ({ planted = '', found, ...fixture }) => {
      const { violations } = await fleet.one({ ...fixtureTask({ found, ...fixture }), planted });
      expect(violations.map(invariantOf)).toContain(invariantOf(found));
    },
  );
});
