import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import type { BulkResult } from 'tutti/client';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';

const Confirmed = event('b.confirmed', z.object({ id: z.string() }));
const undo = command({ input: z.object({ seat: z.string() }) });
const seats = service('seats', {
  book: command({
    input: z.object({ id: z.string() }),
    output: z.object({ seat: z.string() }),
    undo: { command: undo, input: (_input, { seat }) => ({ seat }) },
  }),
  undo,
});
const trip = process('trip', { input: z.object({ id: z.string() }), receives: [Confirmed.byId(({ id }) => id)] }, async (ctx, { id }) => {
  const { seat } = await ctx.call(seats.book, { id });
  await ctx.waitFor(Confirmed);
  return seat;
});
const other = process('other', { input: z.object({}) }, async (ctx) => ctx.sleep('3 days'));
/** Whether the code of `buggy` is fixed. */
const code = { fixed: false };
const buggy = process('buggy', { input: z.object({}) }, async (ctx) => {
  await ctx.sleep('1 minute');
  if (!code.fixed) throw new TypeError('the code is wrong');
});
/** Each run of it lasts a day. */
const again = process('again', { input: z.object({}), onClosed: 'restart' }, async (ctx) => {
  await ctx.sleep('1 day');
  return ctx.continueAsNew({});
});
const trips = system('b', { processes: [trip, other, buggy, again], services: [seats] });
const services = [scripted(seats, { book: async ({ id }) => ({ seat: `seat of ${id}` }), undo: async () => {} })];
const worldOf = (): World => simulate(trips, { services, patience: '1 day' });

const started = async (world: World, count: number): Promise<World> => {
  for (let i = 1; i <= count; i += 1) {
    const id = `t-${i}`;
    await world.client.start(trip, { id }, { id, tags: { region: i % 2 === 0 ? 'eu' : 'us' } });
  }
  await world.settle();
  return world;
};
const resultsOf = async (world: World, id: string): Promise<readonly BulkResult[]> => {
  const found: BulkResult[] = [];
  for await (const each of world.client.bulk.results(id)) found.push(each);
  return found;
};
const statuses = async (world: World, where: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { id, status, paused } of world.client.list({ where })) found.push(`${id} ${paused ? 'paused' : status}`);
  return found.toSorted();
};

describe('client.bulk', () => {
  test('previews what an operation would do, and does nothing', async () => {
    const world = await started(worldOf(), 4);
    await world.client.terminate(trip, 't-2', 'a test');
    const preview = await world.client.bulk.preview({ act: 'cancel', where: 'process:trip tag.region=eu' });
    expect(preview).toMatchObject({
      count: 1,
      unchanged: 1,
      targets: [['trip', ['t-4'], [(await world.client.describe(trip, 't-4')).run]]],
    });
    expect(preview.samples).toEqual([
      { process: 'trip', id: 't-4', status: 'running', why: 'waits for the event b.confirmed', would: 'undo what was done, then end it' },
    ]);
    await world.settle();
    expect(await statuses(world, 'process:trip')).toEqual(['t-1 running', 't-2 terminated', 't-3 running', 't-4 running']);
    await expect(world.client.bulk.preview({ act: 'cancel', where: 'proces:trip' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('cancels exactly the instances of the preview, and journals principal and reason at each', async () => {
    const world = await started(worldOf(), 4);
    const preview = await world.client.bulk.preview({ act: 'cancel', where: 'process:trip tag.region=eu' });
    await world.client.start(trip, { id: 't-6' }, { id: 't-6', tags: { region: 'eu' } });
    const { id } = await world.client.bulk.start(preview, { reason: 'the flight is cancelled' });
    await world.settle();
    expect(await statuses(world, 'process:trip')).toEqual(['t-1 running', 't-2 cancelled', 't-3 running', 't-4 cancelled', 't-6 running']);
    expect(world.calls(seats.undo)).toHaveLength(2);
    expect(world.journal(trip, 't-2')).toContainEqual(
      expect.objectContaining({
        type: 'CancelRequested',
        reason: 'the flight is cancelled',
        by: 'test',
        id: expect.stringContaining(`tutti--bulk#${id}/`),
      }),
    );
    expect(await world.client.bulk.describe(id)).toMatchObject({
      act: 'cancel',
      where: 'process:trip tag.region=eu',
      reason: 'the flight is cancelled',
      by: 'test',
      status: 'completed',
      of: 2,
      done: 2,
      failed: 0,
      open: 0,
    });
    expect(await resultsOf(world, id)).toEqual([
      { process: 'trip', id: 't-2', result: 'done', status: 'running' },
      { process: 'trip', id: 't-4', result: 'done', status: 'running' },
    ]);
  });

  test('reports an instance that has ended or changed since the preview, and goes on', async () => {
    const world = await started(worldOf(), 3);
    const preview = await world.client.bulk.preview({ act: 'pause', where: 'process:trip' });
    await world.client.terminate(trip, 't-1', 'a test');
    await world.client.pause(trip, 't-2', 'a look at it');
    const forged = { ...preview, targets: [...preview.targets, ['trip', ['never']] as const] };
    const { id } = await world.client.bulk.start(forged, { reason: 'the partner asks' });
    await world.settle();
    expect(await resultsOf(world, id)).toEqual([
      { process: 'trip', id: 't-1', result: 'failed', failure: { code: 'CLOSED', message: 'trip t-1 has ended as terminated.' } },
      { process: 'trip', id: 't-2', result: 'unchanged', status: 'running' },
      { process: 'trip', id: 't-3', result: 'done', status: 'running' },
      { process: 'trip', id: 'never', result: 'failed', failure: { code: 'NOT_FOUND', message: 'There is no trip never.' } },
    ]);
    expect(await world.client.describe(trip, 't-3')).toMatchObject({ paused: { reason: 'the partner asks', by: 'test' } });
    expect(await world.client.bulk.describe(id)).toMatchObject({ status: 'completed', done: 1, unchanged: 1, failed: 2 });
  });

  test('does not operate a run that has begun after the preview', async () => {
    const world = worldOf();
    for (const id of ['r-1', 'r-2']) await world.client.start(again, {}, { id });
    const preview = await world.client.bulk.preview({ act: 'cancel', where: 'process:again' });
    await world.client.terminate(again, 'r-1', 'a test');
    await world.client.start(again, {}, { id: 'r-1' });
    await world.advance('2 days');
    const { id } = await world.client.bulk.start(preview, { reason: 'the flight is cancelled' });
    await world.settle();
    expect(await statuses(world, 'process:again')).toEqual(['r-1 running', 'r-2 cancelled']);
    const failure = { code: 'CLOSED', message: 'again r-1 has begun another run since the preview.' };
    expect(await resultsOf(world, id)).toEqual(
      expect.arrayContaining([
        { process: 'again', id: 'r-1', result: 'failed', failure },
        { process: 'again', id: 'r-2', result: 'done', status: 'cancelled' },
      ]),
    );
    expect(preview.targets[0]?.[2]).not.toContain((await world.client.describe(again, 'r-2')).run);
  });

  test('pauses and resumes many with the clock that the request names', async () => {
    const world = await started(worldOf(), 3);
    const pausing = await world.client.bulk.preview({ act: 'pause', where: 'process:trip', clock: 'run' });
    await world.client.bulk.start(pausing, { reason: 'maintenance' });
    await world.settle();
    expect(await statuses(world, 'process:trip')).toEqual(['t-1 paused', 't-2 paused', 't-3 paused']);
    expect(world.journal(trip, 't-1')).toContainEqual(expect.objectContaining({ type: 'Paused', clock: 'run' }));
    const resuming = await world.client.bulk.preview({ act: 'resume', where: 'status:paused' });
    expect(resuming.count).toBe(3);
    await world.client.bulk.start(resuming, { reason: 'done' });
    await world.settle();
    expect(await statuses(world, 'process:trip')).toEqual(['t-1 running', 't-2 running', 't-3 running']);
    expect(world.journal(trip, 't-1')).toContainEqual(expect.objectContaining({ type: 'Resumed', reason: 'done', by: 'test' }));
  });

  test('sends at most as many operations a second as the request allows', async () => {
    const world = await started(worldOf(), 10);
    const preview = await world.client.bulk.preview({ act: 'terminate', where: 'process:trip' });
    const { id } = await world.client.bulk.start(preview, { reason: 'a test', perSecond: 3 });
    const terminated = async (): Promise<number> => (await statuses(world, 'status:terminated')).length;
    await world.settle();
    const first = await terminated();
    expect(first).toBeLessThanOrEqual(6);
    await world.advance('10 seconds');
    expect(await terminated()).toBe(10);
    const times = (
      world.journal({ name: 'tutti--bulk' } as never, id) as readonly { readonly type: string; readonly at?: number }[]
    ).filter(({ type }) => type === 'TimerFired');
    expect(times.length).toBe(3);
    expect(await world.client.bulk.describe(id)).toMatchObject({ done: 10, status: 'completed' });
  });

  test('is paused, goes on after its resume, and stops when it is cancelled: what is left stays as it was', async () => {
    const world = await started(worldOf(), 9);
    const preview = await world.client.bulk.preview({ act: 'terminate', where: 'process:trip' });
    const { id } = await world.client.bulk.start(preview, { reason: 'a test', perSecond: 1 });
    await world.client.bulk.pause(id, 'wait');
    await world.settle();
    await world.advance('1 minute');
    const before = await world.client.bulk.describe(id);
    expect(before).toMatchObject({ status: 'running', paused: { reason: 'wait', by: 'test' }, of: 9 });
    expect(before.done + before.open).toBeLessThan(3);
    await world.client.bulk.resume(id, 'go on');
    await world.advance('2 seconds');
    await world.client.bulk.cancel(id, 'enough');
    await world.settle();
    await world.advance('1 minute');
    const after = await world.client.bulk.describe(id);
    expect(after).toMatchObject({ status: 'cancelled', open: 0 });
    expect(after.done).toBeGreaterThan(0);
    expect(after.done).toBeLessThan(9);
    const left = (await resultsOf(world, id)).filter(({ result }) => result === 'left');
    expect(left).toHaveLength(9 - after.done);
    expect(await statuses(world, 'process:trip status:running')).toHaveLength(left.length);
  });

  test('resumes stuck instances, and reports the reason of one that stays stuck', async () => {
    code.fixed = false;
    const world = worldOf();
    for (const id of ['x', 'y']) {
      world.expectStuck(buggy, id);
      await world.client.start(buggy, {}, { id });
    }
    await world.advance('2 minutes');
    const where = 'process:buggy cause:POISON';
    const onOther = await world.client.bulk.preview({ act: 'resume', where, version: 9 });
    expect(onOther).toMatchObject({ count: 2, samples: [{ would: 'resume it' }, { would: 'resume it' }] });
    const wrong = await world.client.bulk.start(onOther, { reason: 'a try' });
    await world.advance('10 seconds');
    const failure = { code: 'STUCK', message: expect.stringMatching(/^buggy \w is stuck \(UNKNOWN_VERSION\): .* buggy@9/) };
    expect(await resultsOf(world, wrong.id)).toEqual([
      { process: 'buggy', id: 'x', result: 'failed', failure },
      { process: 'buggy', id: 'y', result: 'failed', failure },
    ]);
    expect(await statuses(world, 'process:buggy')).toEqual(['x stuck', 'y stuck']);
    code.fixed = true;
    const preview = await world.client.bulk.preview({ act: 'resume', where: 'process:buggy status:stuck' });
    const { id } = await world.client.bulk.start(preview, { reason: 'it is fixed' });
    await world.settle();
    expect(await world.client.bulk.describe(id)).toMatchObject({ done: 2, failed: 0 });
    expect(await statuses(world, 'process:buggy')).toEqual(['x completed', 'y completed']);
  });

  test('terminates a job at once, and leaves the operations that it has sent', async () => {
    const world = await started(worldOf(), 3);
    const preview = await world.client.bulk.preview({ act: 'pause', where: 'process:trip' });
    const { id } = await world.client.bulk.start(preview, { reason: 'a test', perSecond: 2 });
    await world.client.terminate({ name: 'tutti--bulk' } as never, id, 'enough');
    await world.settle();
    expect(await world.client.bulk.describe(id)).toMatchObject({ status: 'terminated' });
    expect(await statuses(world, 'status:paused')).toEqual(['t-1 paused', 't-2 paused']);
  });

  test('says in one line what a job waits for', async () => {
    const world = await started(worldOf(), 3);
    const preview = await world.client.bulk.preview({ act: 'pause', where: 'process:trip' });
    const { id } = await world.client.bulk.start(preview, { reason: 'a test', perSecond: 1 });
    expect((await world.client.describe({ name: 'tutti--bulk' } as never, id)).why).toMatch(
      /^waits for (?:the operation on trip t-1 since|events; its timer next fires)/,
    );
  });

  test('lists its jobs, and refuses an unknown one, an empty preview and a wrong rate', async () => {
    const world = await started(worldOf(), 1);
    const empty = await world.client.bulk.preview({ act: 'resume', where: 'process:trip' });
    expect(empty).toMatchObject({ count: 0, unchanged: 1 });
    await expect(world.client.bulk.start(empty, { reason: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const preview = await world.client.bulk.preview({ act: 'cancel', where: 't-1' });
    for (const perSecond of [0, 101, 1.5])
      await expect(world.client.bulk.start(preview, { reason: 'x', perSecond })).rejects.toMatchObject({ code: 'DATA_INVALID' });
    await expect(world.client.bulk.describe('none')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no bulk job'),
    });
    await expect(world.client.bulk.cancel('none', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { id } = await world.client.bulk.start(preview, { reason: 'x' });
    await world.settle();
    const jobs: string[] = [];
    for await (const job of world.client.bulk.list()) jobs.push(job.id);
    expect(jobs).toEqual([id]);
    await expect(world.client.bulk.pause(id, 'late')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('takes at most 2,000 instances, the newest', async () => {
    const world = worldOf();
    for (let i = 1; i <= 2_001; i += 1) await world.client.start(other, {}, { id: `o-${i}` });
    const preview = await world.client.bulk.preview({ act: 'pause', where: 'process:other' });
    expect(preview).toMatchObject({ count: 2_000, more: true });
    expect(preview.samples).toHaveLength(20);
  });
});

test('a bulk job operates each instance once, whatever worker is killed', { timeout: 120_000 }, async () => {
  await everyCrash(trips, { services }, async (world) => {
    await started(world, 3);
    const preview = await world.client.bulk.preview({ act: 'cancel', where: 'process:trip' });
    const { id } = await world.client.bulk.start(preview, { reason: 'a storm', perSecond: 2 });
    await world.settle();
    await world.advance('5 seconds');
    expect(world.calls(seats.undo)).toHaveLength(3);
    expect(await world.client.bulk.describe(id)).toMatchObject({ status: 'completed', of: 3, done: 3 });
    for (const each of ['t-1', 't-2', 't-3'])
      expect(world.journal(trip, each).filter((entry) => (entry as { readonly type: string }).type === 'CancelRequested')).toHaveLength(1);
  });
});
