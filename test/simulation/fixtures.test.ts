import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixtureNames, FIXTURES, fixtureTask, readFixture } from './fixture.ts';
import { runSeed } from './run-seed.ts';

const fixtures = fixtureNames().map((name) => ({ name, ...readFixture(join(FIXTURES, name)) }));

test('a fixture says what was found, and what was wrong', () => {
  expect(fixtures.filter(({ found, note }) => found === '' || note === '').map(({ name }) => name)).toEqual([]);
});

test.for(fixtures)('$name holds: $found', async (fixture) => {
  expect((await runSeed(fixtureTask(fixture))).violations).toEqual([]);
});
