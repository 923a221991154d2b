import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { SystemCalendar } from '../../../lib/adapters/system/calendar.ts';

const calendar = new SystemCalendar();

/** Zones with gaps of 30 minutes, two hours and a day, at midnight, by the moon, without any, and on both halves of the globe. */
const ZONES = [
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Antarctica/Troll',
  'Asia/Tehran',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

/** Pacific/Apia had no 30 December 2011, America/Sao_Paulo changed its clocks until 2019. */
const [FROM, TO] = ['2011-07-01T00:00:00', '2021-07-01T00:00:00'];

const RULES = [
  { cron: '30 2 * * *', gap: 'after', fold: 'first' },
  { cron: '30 2 * 3,4,9-11 *', gap: 'skip', fold: 'last' },
  { cron: '0,30 0-3 * 3,4,9-11 SUN', gap: 'after', fold: 'both' },
  { cron: '15 0 * 3,4,8-11 *', gap: 'after', fold: 'both' },
  { cron: '15 0 1,15 * MON', gap: 'skip', fold: 'first' },
  { cron: '10 */6 * * SUN', gap: 'after', fold: 'first' },
  { cron: '20 * * 3,10 SUN', gap: 'after', fold: 'first' },
] as const;
const CASES = ZONES.flatMap((zone) => RULES.map((rule) => ({ ...rule, zone, from: FROM, to: TO })));

const python = spawnSync('python3', ['-c', 'import zoneinfo']).status === 0;
if (!python) console.warn('Skipped: the comparison with Python needs python3 with the module zoneinfo.');

describe.skipIf(!python)('ten years of the times of schedules equal those of the zoneinfo of Python', () => {
  let expected: [number, string][][] = [];

  beforeAll(() => {
    const script = fileURLToPath(new URL('occurrences.py', import.meta.url));
    const { stdout, stderr } = spawnSync('python3', [script], { input: JSON.stringify(CASES), encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(stderr, '');
    expected = JSON.parse(stdout) as typeof expected;
  }, 300_000);

  test.each(ZONES)('in %s', async (zone) => {
    for (const [i, each] of CASES.entries()) {
      if (each.zone !== zone) continue;
      const range = { after: Date.parse(`${FROM}Z`), until: Date.parse(`${TO}Z`), most: 1_000_000 };
      const found = await calendar.occurrences(each, range);
      expect({ ...each, found: found.map(({ at, local }) => [at, local]) }).toEqual({ ...each, found: expected[i] });
      // One at a time, as a schedule asks for them.
      for (let k = 0; k + 1 < found.length; k += 29) {
        const after = (found[k] as { at: number }).at;
        const [next] = await calendar.occurrences(each, { after, most: 1 });
        expect({ ...each, after, next }).toEqual({ ...each, after, next: found.find(({ at }) => at > after) });
      }
    }
  });
});

describe('the times of a schedule', () => {
  const paris = { zone: 'Europe/Paris', gap: 'after', fold: 'first' } as const;
  const next = async (cron: string, after: string, most = 1): Promise<string[]> =>
    (await calendar.occurrences({ ...paris, cron }, { after: Date.parse(after), most })).map(
      ({ at, local }) => `${local} ${new Date(at).toISOString()}`,
    );

  test('have the nominal time of the clocks, and in the gap the first instant after it', async () => {
    expect(await next('30 2 * * *', '2027-03-27T12:00:00Z', 2)).toEqual([
      '2027-03-28T02:30 2027-03-28T01:00:00.000Z',
      '2027-03-29T02:30 2027-03-29T00:30:00.000Z',
    ]);
  });

  test('end with an expression that has no further day', async () => {
    expect(await next('0 0 31 2 *', '2027-01-01T00:00:00Z')).toEqual([]);
  });
});
