import { process, schedule, system, type Overlap, type ScheduleTimes } from 'tutti';
import { everyCrash, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

const report = process('report', { input: z.object({ day: z.string() }) }, async (ctx, { day }) => {
  await ctx.sleep('90 minutes');
  return { day };
});
const AT = { at: '2026-11-27T12:00:00Z' };

function reporting(times: Partial<ScheduleTimes> = {}, duration = report) {
  const every = schedule('reports', {
    process: duration,
    cron: '0 * * * *',
    zone: 'Europe/Paris',
    ...times,
    input: ({ day }) => ({ day }),
  });
  return system('office', { processes: [duration], services: [], schedules: [every] });
}

const idOf = (local: string, name = 'reports'): string => `${name}@2026-11-27T${local}~Europe.Paris`;

/** The instances of the report, oldest first, by the time in their ids. */
async function instances(world: World): Promise<string[]> {
  const found: string[] = [];
  for await (const { id, status } of world.client.list({ process: report })) found.push(`${id.slice(8, id.indexOf('~'))} ${status}`);
  return found.toSorted();
}

describe('a schedule in virtual time', () => {
  test('starts its process each night under the nominal time, from the deployment on', async () => {
    const nightly = schedule('nightly', { process: report, cron: '30 2 * * *', zone: 'Europe/Paris', input: ({ day }) => ({ day }) });
    const world = simulate(system('office', { processes: [report], services: [], schedules: [nightly] }), AT);
    await world.advance('2 days');
    expect(await instances(world)).toEqual(['2026-11-28T02:30 completed', '2026-11-29T02:30 completed']);
    expect(await world.client.result(report, 'nightly@2026-11-28T02:30~Europe.Paris')).toEqual({ day: '2026-11-28' });
    expect(await world.client.schedules.describe('nightly')).toMatchObject({
      status: 'active',
      origin: 'system',
      started: 2,
      running: [],
      next: { id: 'nightly@2026-11-30T02:30~Europe.Paris', at: new Date('2026-11-30T01:30:00Z') },
    });
  });

  test.each<[Overlap, string[], object]>([
    ['skip', ['2026-11-27T14:00 completed', '2026-11-27T16:00 running'], { started: 2, skipped: 1 }],
    ['queue-one', ['2026-11-27T14:00 completed', '2026-11-27T15:00 running'], { started: 2, waiting: [idOf('16:00')] }],
    ['queue-all', ['2026-11-27T14:00 completed', '2026-11-27T15:00 running'], { started: 2, waiting: [idOf('16:00')] }],
    ['cancel', ['2026-11-27T14:00 cancelled', '2026-11-27T15:00 cancelled', '2026-11-27T16:00 running'], { started: 3, waiting: [] }],
    ['allow', ['2026-11-27T14:00 completed', '2026-11-27T15:00 running', '2026-11-27T16:00 running'], { started: 3, skipped: 0 }],
  ])('does with a time that comes while an earlier instance runs what %s says', async (overlap, expected, described) => {
    const world = simulate(reporting({ overlap }), AT);
    await world.advance('3 hours');
    expect(await instances(world)).toEqual(expected);
    expect(await world.client.schedules.describe('reports')).toMatchObject(described);
  });

  test('starts nothing while it is paused, and records the times of the pause', async () => {
    const world = simulate(reporting(), AT);
    await world.settle();
    await world.client.schedules.pause('reports', 'year-end closing');
    await world.advance('3 hours');
    expect(await world.client.schedules.describe('reports')).toMatchObject({
      status: 'paused',
      paused: { reason: 'year-end closing', by: 'test' },
    });
    await world.client.schedules.pause('reports', 'again');
    await world.client.schedules.resume('reports');
    await world.client.schedules.resume('reports');
    await world.advance('1 hour');
    expect(await instances(world)).toEqual(['2026-11-27T17:00 running']);
    expect(await world.client.schedules.describe('reports')).toMatchObject({ status: 'active', skipped: 3, started: 1 });
    expect(decisions(world)).toContainEqual({
      path: '2026-11-27T14:00',
      result: 'skipped',
      reason: 'paused',
      until: '2026-11-27T16:00',
      count: 3,
    });
  });

  test('starts an instance on request, and the times of a range that were not started', async () => {
    const world = simulate(reporting({ overlap: 'allow' }), AT);
    await world.advance('1 hour');
    await world.client.schedules.trigger('reports', { reason: 'the customer asked' });
    await world.client.schedules.backfill('reports', { from: '2026-11-27T11:00:00Z', to: '2026-11-27T13:00:00Z' });
    await world.advance('5 minutes');
    expect(await instances(world)).toEqual(['2026-11-27T14:00 running', '2026-11-27T14:00:00.000 running']);
    expect((await world.client.schedules.describe('reports')).waiting).toEqual([idOf('12:00'), idOf('13:00'), idOf('14:00')]);
    await world.advance('50 minutes');
    await world.client.schedules.pause('reports', 'only the range');
    await world.advance('4 hours');
    // The time that had started is refused by its id: it did not run again.
    expect(await instances(world)).toEqual(['12:00', '13:00', '14:00', '14:00:00.000'].map((time) => `2026-11-27T${time} completed`));
    expect(world.journal(report, idOf('14:00')).filter((entry) => (entry as { type: string }).type === 'ProcessStarted')).toHaveLength(1);
    await expect(
      world.client.schedules.backfill('reports', { from: '2026-01-01T00:00:00Z', to: '2026-03-01T00:00:00Z' }),
    ).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('gets new times with a deployment, ends when the code no longer lists it, and begins again', async () => {
    const world = simulate(reporting({ overlap: 'allow' }), AT);
    await world.advance('1 hour');
    world.deploy(reporting({ overlap: 'allow', cron: '30 * * * *' }));
    await world.advance('1 hour');
    expect((await instances(world)).map((each) => each.slice(0, 16))).toEqual(['2026-11-27T14:00', '2026-11-27T14:30']);
    world.deploy(system('office', { processes: [report], services: [] }));
    await world.advance('2 hours');
    expect(await instances(world)).toHaveLength(2);
    expect((await world.client.schedules.describe('reports')).status).toBe('ended');
    world.deploy(reporting({ overlap: 'allow', cron: '30 * * * *' }));
    await world.advance('1 hour');
    expect(await instances(world)).toHaveLength(3);
  });

  test('is created, changed and deleted by a client, with one input for all starts', async () => {
    const world = simulate(system('office', { processes: [report], services: [] }), AT);
    const times = { process: report, cron: '0 * * * *', zone: 'UTC', input: { day: 'each' } };
    await world.client.schedules.create('hourly', times);
    await world.advance('1 hour');
    expect(await instances(world)).toEqual(['026-11-27T13:00 running']);
    await world.client.schedules.create('hourly', { ...times, cron: '15 * * * *' });
    await world.advance('4 hours');
    expect(await world.client.result(report, 'hourly@2026-11-27T15:15~UTC')).toEqual({ day: 'each' });
    const listed = [];
    for await (const { name } of world.client.schedules.list()) listed.push(name);
    expect(listed).toEqual(['hourly']);
    await world.client.schedules.delete('hourly', 'no longer needed');
    await world.advance('1 day');
    expect((await world.client.schedules.describe('hourly')).status).toBe('ended');
    await expect(world.client.schedules.pause('hourly', 'late')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(world.client.schedules.describe('other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(world.client.schedules.create('hourly', { ...times, input: { day: 7 as never } })).rejects.toMatchObject({
      code: 'DATA_INVALID',
    });
  });

  test('of the system cannot be created or deleted by a client', async () => {
    const world = simulate(reporting(), AT);
    await world.settle();
    const { schedules } = world.client;
    await expect(schedules.delete('reports', 'no')).rejects.toMatchObject({ code: 'ALREADY_USED' });
    await expect(
      schedules.create('reports', { process: report, cron: '0 * * * *', zone: 'UTC', input: { day: '' } }),
    ).rejects.toMatchObject({
      code: 'ALREADY_USED',
    });
  });

  test('is stuck with an input that its process refuses, and continues with the code that corrects it', async () => {
    const wrong = schedule('reports', { process: report, cron: '0 * * * *', zone: 'UTC', input: () => ({ day: 7 as never }) });
    const world = simulate(system('office', { processes: [report], services: [], schedules: [wrong] }), AT);
    world.expectStuck({ name: 'tutti--schedule' } as never, 'reports', 'POISON');
    await world.advance('2 hours');
    expect((await world.client.schedules.describe('reports')).status).toBe('stuck');
    world.deploy(reporting());
    await world.client.resume({ name: 'tutti--schedule' } as never, 'reports');
    await world.advance('1 hour');
    expect((await instances(world)).length).toBeGreaterThan(0);
  });

  test('starts each time once, wherever its worker is killed', async () => {
    const short = process('report', { input: z.object({ day: z.string() }) }, async () => {});
    await everyCrash(reporting({ overlap: 'cancel' }, short as never), {}, async (world) => {
      await world.advance('65 minutes');
      await world.advance('5 minutes');
      expect(await instances(world)).toEqual(['2026-01-01T02:00 completed']);
      expect(await world.client.schedules.describe('reports')).toMatchObject({ started: 1, skipped: 0, missed: 0, running: [] });
    });
  });
});

/** The decisions in the journal of the schedule. */
function decisions(world: World): object[] {
  const entries = world.journal({ name: 'tutti--schedule' } as never, 'reports') as readonly { type: string }[];
  return entries
    .filter(({ type }) => type === 'TimeDecided')
    .map(({ type: _type, at: _at, ...rest }: { type: string; at?: number }) => rest);
}
