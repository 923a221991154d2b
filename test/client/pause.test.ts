import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';

const Started = event('p.started', z.object({ id: z.string() }));
const Noted = event('p.noted', z.object({ id: z.string(), text: z.string() }));
const undo = command({ input: z.object({ seat: z.string() }) });
const book = command({
  input: z.object({ id: z.string() }),
  output: z.object({ seat: z.string() }),
  undo: { command: undo, input: (_input, { seat }) => ({ seat }) },
});
const seats = service('seats', { book, undo });

/** Books, reads two notes in their order, and sleeps for an hour beside them. */
const trip = process(
  'trip',
  { startOn: Started.byId((started) => started.id), receives: [Noted.byId((noted) => noted.id)] },
  async (ctx, { id }) => {
    const { seat } = await ctx.call(seats.book, { id });
    const first = await ctx.waitFor(Noted);
    const second = await ctx.waitFor(Noted);
    await ctx.sleep('1 hour');
    return `${seat} ${first.text} ${second.text}`;
  },
);
const trips = system('p', { processes: [trip], services: [seats] });
const HANDLERS = { book: async () => ({ seat: '1A' }), undo: async () => {} };
const worldOf = (): World => simulate(trips, { services: [scripted(seats, HANDLERS)], patience: '1 day' });
const note = (world: World, text: string) => world.client.publish(Noted, { id: 'x', text }, { id: text });
const types = (world: World): unknown[] => world.journal(trip, 'x').map((entry) => (entry as { readonly type: string }).type);

describe('client.pause', () => {
  test('keeps a reply that comes meanwhile, and applies it at the resume', async () => {
    const world = simulate(trips, { services: [scripted(seats, HANDLERS)] });
    world.down(seats, '10 minutes');
    await world.client.start(trip, { id: 'x' }, { id: 'x' });
    await world.client.pause(trip, 'x', 'the airline asked for it');
    await world.advance('15 minutes');
    expect(world.calls(seats.book)).toHaveLength(1);
    const { status, why, paused, parked } = await world.client.describe(trip, 'x');
    expect({ status, parked }).toEqual({ status: 'running', parked: { PAUSED: 1 } });
    expect(paused).toEqual({
      by: 'test',
      reason: 'the airline asked for it',
      since: new Date('2026-01-01T00:00:00Z'),
      clock: 'stop',
      waiting: 1,
    });
    expect(why).toMatch(
      /^paused by test since 2026-01-01T00:00:00\.000Z \(15m\): the airline asked for it\. Until it is resumed, nothing is decided; waits for/,
    );
    expect(types(world)).not.toContain('CommandAnswered');
    await world.client.resume(trip, 'x', { reason: 'the airline is back' });
    await world.settle();
    expect(types(world).slice(-3)).toEqual(['Paused', 'Resumed', 'CommandAnswered']);
    expect(world.journal(trip, 'x').slice(-3)).toMatchObject([
      { by: 'test', reason: 'the airline asked for it', clock: 'stop' },
      { by: 'test', reason: 'the airline is back', code: 'PAUSED', pausedMs: 900_000 },
      { outcome: 'completed' },
    ]);
    expect((await world.client.describe(trip, 'x')).paused).toBeUndefined();
  });

  test('keeps events in the order of their arrival, each once', async () => {
    const world = worldOf();
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    await world.client.pause(trip, 'x', 'a look at it');
    for (const text of ['b', 'a', 'b']) await note(world, text);
    await world.settle();
    expect((await world.client.describe(trip, 'x')).paused).toMatchObject({ waiting: 3 });
    await world.client.resume(trip, 'x');
    await world.settle();
    expect(types(world).filter((type) => type === 'EventReceived')).toHaveLength(2);
    expect(await world.client.result(trip, 'x')).toBe('1A b a');
  });

  test.each([
    ['stop', 'for the time that it had left'],
    ['run', 'until its instant, which has passed'],
  ] as const)('with the clock on %s lets a timer wait %s', async (clock, _wait) => {
    const world = simulate(trips, { services: [scripted(seats, HANDLERS)] });
    await world.client.publish(Started, { id: 'x' });
    for (const text of ['a', 'b']) await note(world, text);
    await world.settle();
    await world.advance('10 minutes');
    await world.client.pause(trip, 'x', 'a look at it', { clock });
    await world.advance('3 hours');
    await world.client.resume(trip, 'x');
    await world.settle();
    if (clock === 'stop') {
      await world.advance('49 minutes');
      expect((await world.client.describe(trip, 'x')).status).toBe('running');
      await world.advance('1 minute');
    }
    expect((await world.client.describe(trip, 'x')).status).toBe('completed');
  });

  test('twice keeps the first reason, and a second resume does nothing', async () => {
    const world = worldOf();
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    await world.client.pause(trip, 'x', 'first');
    await world.client.pause(trip, 'x', 'second');
    expect((await world.client.describe(trip, 'x')).paused).toMatchObject({ reason: 'first' });
    await world.client.resume(trip, 'x');
    await world.client.resume(trip, 'x');
    expect(types(world).filter((type) => type === 'Paused' || type === 'Resumed')).toEqual(['Paused', 'Resumed']);
  });

  test('does not prevent a cancel, which undoes what was done', async () => {
    const world = worldOf();
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    await world.client.pause(trip, 'x', 'a look at it');
    await note(world, 'a');
    await world.settle();
    await world.client.cancel(trip, 'x', 'not needed');
    await world.settle();
    expect(world.calls(seats.undo)).toEqual([{ seat: '1A' }]);
    expect(await world.client.describe(trip, 'x')).toMatchObject({ status: 'cancelled', parked: {} });
  });

  test('does not prevent a terminate, and its events are then late', async () => {
    const world = worldOf();
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    await world.client.pause(trip, 'x', 'a look at it');
    await note(world, 'a');
    await world.settle();
    await world.client.terminate(trip, 'x', 'not needed');
    await world.settle();
    const { status, paused, parked, standing } = await world.client.describe(trip, 'x');
    expect({ status, paused, parked }).toEqual({ status: 'terminated', paused: undefined, parked: { CLOSED: 1 } });
    expect(standing).toEqual([
      { step: 'seats.book:1', command: 'seats.book', commandId: expect.stringMatching(/^default#trip#x\/.*\/1$/) },
    ]);
  });

  test('refuses an instance that has ended, and a resolve while it lasts', async () => {
    const world = simulate(trips, { services: [scripted(seats, HANDLERS)] });
    world.down(seats, '1 minute');
    await world.client.start(trip, { id: 'x' }, { id: 'x' });
    await world.client.pause(trip, 'x', 'a look at it');
    await expect(world.client.resolve(trip, 'x', 'seats.book:1', { output: { seat: '1A' } })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    await world.client.terminate(trip, 'x', 'enough');
    await expect(world.client.pause(trip, 'x', 'again')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('lists paused instances alone', async () => {
    const world = worldOf();
    for (const id of ['x', 'y']) await world.client.publish(Started, { id });
    await world.settle();
    await world.client.pause(trip, 'x', 'a look at it');
    const found: unknown[] = [];
    for await (const { id, paused } of world.client.list({ paused: true })) found.push([id, paused?.reason]);
    expect(found).toEqual([['x', 'a look at it']]);
  });
});

test('a pause and its resume survive a crash at any point: each note is read once, and in order', { timeout: 120_000 }, async () => {
  await everyCrash(trips, { services: [scripted(seats, HANDLERS)] }, async (world) => {
    await world.client.start(trip, { id: 'x' }, { id: 'x' });
    await note(world, 'a');
    await world.client.pause(trip, 'x', 'a look at it');
    await note(world, 'b');
    await world.settle();
    expect((await world.client.describe(trip, 'x')).status).toBe('running');
    await world.client.resume(trip, 'x');
    expect(await world.client.result(trip, 'x')).toMatch(/^1A (a b|b a)$/);
    expect(world.calls(seats.book)).toHaveLength(1);
  });
});
