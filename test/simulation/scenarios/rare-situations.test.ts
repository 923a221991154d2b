import { expect, test } from 'vitest';
import { runSeed } from '../runner/run-seed.ts';

const SEEDS_MAX = 60;

const meets: readonly { readonly scenario: string; readonly all: readonly RegExp[] }[] = [
  { scenario: 'retention', all: [/retired default#house#/, /retired neighbours#house#/, /START_TOO_OLD/, /EARLY_EXPIRED/] },
  { scenario: 'loop', all: [/TOO_MANY_HOPS/, /committed upstream#mill#/] },
  { scenario: 'tenants', all: [/parked .*FORBIDDEN/, /committed south#copy#/, /committed north#account#/] },
  { scenario: 'travel-booking', all: [/inbox accepted .*:contradiction/] },
  { scenario: 'inline-steps', all: [/effect of .* steps\.run/, /effect of .* steps\.undo/] },
  { scenario: 'paused', all: [/parked default#watch#.* PAUSED/] },
  { scenario: 'endless', all: [/committed default#meter#.* completed/, /effect of .* office\.note/] },
  {
    scenario: 'children',
    all: [/committed default#part#\S+ 1 cancelled/, /committed default#part#\S+ \d+ cancelled/, /committed default#part#shared/],
  },
  { scenario: 'forks', all: [/committed default#tour#\S+~f\d \d+ completed/, /parked default#tour#\S+ \S+ REFUSED/] },
  { scenario: 'keys', all: [/inbox accepted .*"tutti":"return"/, /committed default#tutti--key#\S+ \d+ early/] },
  {
    scenario: 'schedules',
    all: [/committed default#report#hourly@\S+ \d+ completed/, /committed default#tutti--schedule#hourly \d+ completed/],
  },
  {
    scenario: 'compositions',
    all: [/committed default#part#\S+ \d+ cancelled/, /committed default#play#\S+ \d+ completed/, /inbox accepted .*"tutti":"return"/],
  },
  { scenario: 'limits', all: [/postponed default#asked#/, /committed default#asked#\S+ \d+ cancelled/] },
  { scenario: 'revisions', all: [/stuck NONDETERMINISM/, /stuck UNKNOWN_VERSION/] },
];

test.for(meets)('the scenario $scenario holds and meets its situations: $all', { timeout: 60_000 }, async ({ scenario, all }) => {
  const missing = new Set(all);
  for (let seed = 1; seed <= SEEDS_MAX && missing.size > 0; seed += 1) {
    const { trace, violations } = await runSeed({ seed, scenario, returns: { trace: true } });
    expect(violations).toEqual([]);
    for (const each of missing) if (trace.some((line) => each.test(line))) missing.delete(each);
  }
  expect([...missing]).toEqual([]);
});
