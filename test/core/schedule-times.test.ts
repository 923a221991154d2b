import { SCHEDULES } from '../../lib/contract/schedule-instance.ts';
import { describe, expect, test } from 'vitest';
import { Catalogue } from '../../lib/contract/catalogue.ts';
import type { ScheduleSpec } from '../../lib/contract/runtime-contract.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { newImage } from '../../lib/core/image.ts';
import type { ScheduleState } from '../../lib/core/scheduling.ts';
import { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { process, schedule, system } from 'tutti';

const clean = process('clean', {}, async () => {});
const shop = systemContract(system('shop', { processes: [clean], services: [] }));
const SPEC: ScheduleSpec = {
  process: 'clean',
  cron: '0 * * * *',
  zone: 'Europe/Paris',
  overlap: 'allow',
  catchUp: 'latest',
  withinMs: 86_400_000,
  jitterMs: 0,
  gap: 'after',
  fold: 'first',
};

/** The instance of a schedule that a client has created at `at`, or that this system lists. */
async function created(at: string, spec: Partial<ScheduleSpec>, listing?: typeof shop) {
  const definition = new Catalogue(listing ?? shop).newest(SCHEDULES);
  const environment = {
    system: 'shop',
    commands: shop.commands,
    processes: shop.processes,
    hash: sha256,
    canonical,
    tickThresholdMs: 900_000,
    checks: true,
  };
  const begun = Date.parse(at);
  const live = new LiveInstance(
    { definition: definition as never, environment, frontEndOf },
    newImage('default#tutti--schedule#s', 'r', '', begun),
  );
  const told = { act: 'define', by: 'test', reason: '', origin: listing ? 'system' : 'client', spec: { ...SPEC, ...spec } };
  const start = { definition: 'tutti--schedule@1', event: '', id: '1', source: 'shop', time: at, data: told as never };
  await live.apply({ type: 'ProcessStarted', at: begun, ...start });
  return {
    live,
    state: (): ScheduleState => live.run.image.view?.data as unknown as ScheduleState,
    /** The timer of the next time fires at `instant`. */
    fires: async (instant: string): Promise<string[]> => {
      const { image } = live.run;
      const [timer] = [...image.timers.values()];
      const from = image.tail.length;
      await live.apply({ type: 'TimerFired', at: Date.parse(instant), n: timer?.n ?? 0 });
      expect(live.run.bug).toBeUndefined();
      return image.tail.slice(from).flatMap((text) => {
        const entry = JSON.parse(text) as {
          type: string;
          path: string;
          result: string;
          reason?: string;
          until?: string;
          count?: number;
          more?: true;
        };
        const { path, result, reason, until, count, more } = entry;
        return entry.type === 'TimeDecided'
          ? [[result, path, reason, until, count, more].filter((each) => each !== undefined).join(' ')]
          : [];
      });
    },
  };
}

describe('the times of a schedule', () => {
  test('are all decided after a time without engine, also if there are very many', async () => {
    const hourly = await created('2027-01-01T00:30:00Z', {});
    expect(await hourly.fires('2027-01-01T05:10:00Z')).toEqual([
      'missed 2027-01-01T02:00 later 2027-01-01T05:00 4',
      'started 2027-01-01T06:00',
    ]);
    const minutely = await created('2027-01-01T00:00:30Z', { cron: '* * * * *', catchUp: 'all', withinMs: 3_600_000 });
    const lines = await minutely.fires('2027-03-01T00:00:00Z');
    expect(lines[0]).toBe('missed 2027-01-01T01:01 late 2027-01-01T17:40 1000 true');
    expect(lines.filter((line) => line.startsWith('started'))).toHaveLength(61);
    expect(minutely.state()).toMatchObject({ covered: Date.parse('2027-03-01T00:00:00Z'), next: { local: '2027-03-01T01:01' } });
  });

  test('that the clocks show twice or skip are decided by fold and gap', async () => {
    const both = await created('2027-10-30T12:00:00Z', { cron: '30 2 * * *', fold: 'both' });
    expect(await both.fires('2027-10-31T00:30:00Z')).toEqual(['started 2027-10-31T02:30']);
    expect(await both.fires('2027-10-31T01:30:00Z')).toEqual(['started 2027-10-31T02:30+01:00']);
    const skipping = await created('2027-03-27T12:00:00Z', { cron: '30 2 * * *', gap: 'skip' });
    expect(skipping.state().next?.local).toBe('2027-03-29T02:30');
    expect(await skipping.fires('2027-03-29T00:30:00Z')).toEqual(['skipped 2027-03-28T02:30 gap', 'started 2027-03-29T02:30']);
    expect(skipping.state()).toMatchObject({ started: 1, skipped: 1, missed: 0 });
  });

  test('are those that the code lists, also before the engine has told the schedule', async () => {
    const listed = schedule('s', { process: clean, cron: '*/20 * * * *', zone: 'Europe/Paris' });
    const listing = systemContract(system('shop', { processes: [clean], services: [], schedules: [listed] }));
    const { fires, state } = await created('2026-11-27T10:10:00Z', {}, listing);
    expect(await fires('2026-11-27T11:00:00Z')).toEqual(['started 2026-11-27T12:00']);
    expect(state().next?.local).toBe('2026-11-27T12:20');
  });

  test('come with the delay of their jitter, each once', async () => {
    const hourly = await created('2027-01-01T00:30:00Z', { jitterMs: 600_000 });
    const { due = 0, at = 0 } = hourly.state().next ?? {};
    expect(due - at).toBeGreaterThan(0);
    expect(due - at).toBeLessThanOrEqual(600_000);
    expect(await hourly.fires(new Date(due).toISOString())).toEqual(['started 2027-01-01T02:00']);
    expect(hourly.state().next?.local).toBe('2027-01-01T03:00');
  });

  test('go on in a new run after ten thousand entries, with the instances that run', async () => {
    const hourly = await created('2027-01-01T00:30:00Z', { overlap: 'queue-one' });
    hourly.live.run.position = 9_990;
    expect(await hourly.fires('2027-01-01T01:00:00Z')).toEqual(['started 2027-01-01T02:00']);
    hourly.live.run.position = 9_999;
    expect(await hourly.fires('2027-01-01T02:00:00Z')).toEqual(['waiting 2027-01-01T03:00']);
    const { run } = hourly.live;
    expect(run.image).toMatchObject({ chain: { first: 'r', number: 2 }, status: 'running' });
    expect(run.image.tail.length).toBeLessThan(5);
    const n = hourly.state().running[0]?.n ?? 0;
    expect(run.image.commands.get(n)).toMatchObject({ command: 'tutti.child', run: 'r' });
    expect(await hourly.fires('2027-01-01T03:00:00Z')).toEqual(['skipped 2027-01-01T04:00 full']);
    await hourly.live.apply({ type: 'CommandAnswered', at: Date.parse('2027-01-01T03:10:00Z'), n, outcome: 'completed' });
    expect(hourly.state()).toMatchObject({ started: 2, waiting: [], running: [{ id: 's@2027-01-01T03:00~Europe.Paris' }] });
  });

  test('end without a next one if no day fits', async () => {
    expect((await created('2027-01-01T00:00:00Z', { cron: '0 0 31 2 *' })).state().next).toBeUndefined();
  });
});
