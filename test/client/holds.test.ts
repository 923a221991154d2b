import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';

const Started = event('h.started', z.object({ id: z.string() }));
const Noted = event('h.noted', z.object({ id: z.string(), text: z.string() }));
const seats = service('seats', { book: command({ input: z.object({ id: z.string() }), output: z.object({ seat: z.string() }) }) });
const mails = service('mails', { send: command({ input: z.object({ id: z.string() }) }) });

/** Books, reads a note, sleeps for an hour, and tells it. */
const trip = process(
  'trip',
  { startOn: Started.byId((started) => started.id), receives: [Noted.byId((noted) => noted.id)] },
  async (ctx, { id }) => {
    const { seat } = await ctx.call(seats.book, { id });
    const { text } = await ctx.waitFor(Noted);
    await ctx.sleep('1 hour');
    await ctx.call(mails.send, { id });
    return `${seat} ${text}`;
  },
);
const other = process('other', {}, async (ctx) => {
  await ctx.call(mails.send, { id: 'other' });
});
const free = command({ input: z.string() });
const rooms = service('rooms', { take: command({ input: z.string(), undo: { command: free, input: (room) => room } }), free });
const stay = process('stay', {}, async (ctx) => {
  await ctx.call(rooms.take, 'first');
  await ctx.call(rooms.take, 'second');
  await ctx.sleep('1 day');
});
const stays = system('s', { processes: [stay], services: [rooms] });
const STAY_SERVICES = [scripted(rooms, { take: async () => {}, free: async () => {} })];
const trips = system('h', { processes: [trip, other], services: [seats, mails] });
const SERVICES = [scripted(seats, { book: async () => ({ seat: '1A' }) }), scripted(mails, { send: async () => {} })];
const group = process('group', {}, async (ctx) => ctx.child(other, null, { id: 'o' }));
const groups = system('g', { processes: [group, other], services: [mails] });
const worldOf = (): World => simulate(trips, { services: SERVICES, patience: '2 days' });
const note = (world: World, text: string) => world.client.publish(Noted, { id: 'x', text }, { id: text });
const types = (world: World, id = 'x'): unknown[] => world.journal(trip, id).map((entry) => (entry as { readonly type: string }).type);
const start = async (world: World): Promise<void> => {
  await world.client.publish(Started, { id: 'x' });
  await world.settle();
};

describe('client.holds', () => {
  test('of a process keeps its starts, and begins their runs at the end of the pause', async () => {
    const world = worldOf();
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    const { started, held } = await world.client.start(trip, { id: 'y' }, { id: 'y' });
    expect({ started, held }).toEqual({
      started: false,
      held: 'The process trip is paused by test: a wrong price. The start is applied when the pause ends.',
    });
    await world.client.publish(Started, { id: 'x' });
    await world.client.start(other, null, { id: 'o' });
    await world.settle();
    expect(await world.client.count()).toEqual(expect.arrayContaining([{ process: 'other', status: 'completed', count: 1 }]));
    expect(await world.client.count({ process: trip })).toEqual([]);
    expect(await world.client.holds.list()).toEqual([
      {
        process: 'trip',
        since: new Date('2026-01-01T00:00:00Z'),
        by: 'test',
        reason: 'a wrong price',
        clock: 'stop',
        instances: 0,
        starts: 2,
      },
    ]);
    await world.client.holds.resume({ process: trip }, 'the price is right');
    await world.settle();
    expect(await world.client.count({ process: trip })).toEqual([{ process: 'trip', status: 'running', count: 2 }]);
    expect(await world.client.holds.list()).toEqual([]);
  });

  test('of a process refuses its starts if the operator wants that', async () => {
    const world = worldOf();
    await start(world);
    await world.client.holds.pause({ process: trip }, 'a wrong price', { starts: 'reject' });
    const message = 'The process trip is paused by test: a wrong price. It refuses new starts: start again after its end.';
    await expect(world.client.start(trip, { id: 'y' }, { id: 'y' })).rejects.toMatchObject({ code: 'PAUSED', message });
    await world.client.publish(Started, { id: 'z' });
    await note(world, 'a');
    await world.settle();
    expect(await world.client.holds.list()).toMatchObject([{ process: 'trip', refusesStarts: true, instances: 1, starts: 0 }]);
    await world.client.holds.resume({ process: trip }, 'the price is right');
    await world.settle();
    expect(await world.client.count({ process: trip })).toEqual([{ process: 'trip', status: 'running', count: 1 }]);
    expect(await world.client.start(trip, { id: 'y' }, { id: 'y' })).toMatchObject({ started: true });
  });

  test('of a service refuses a start whose first command goes to it, and pauses every other instance', async () => {
    const world = worldOf();
    await start(world);
    await world.client.holds.pause({ service: mails }, 'the mail server moves', { starts: 'reject' });
    await expect(world.client.start(other, null, { id: 'o' })).rejects.toMatchObject({ code: 'PAUSED' });
    await note(world, 'a');
    await world.advance('1 hour');
    expect(await world.client.describe(trip, 'x')).toMatchObject({ paused: { hold: 'service:mails' } });
  });

  test('that refuses starts keeps the start of a child, which its parent waits for', async () => {
    const world = simulate(groups, { services: SERVICES.slice(1), patience: '2 days' });
    await world.client.holds.pause({ process: other }, 'a wrong price', { starts: 'reject' });
    await world.client.start(group, null, { id: 'g' });
    await world.settle();
    expect(await world.client.count({ process: other })).toEqual([]);
    await world.client.holds.resume({ process: other });
    expect(await world.client.result(group, 'g')).toBe(null);
  });

  test('that refuses starts keeps one that has waited for the end of an open instance', async () => {
    const world = worldOf();
    await start(world);
    await world.client.start(trip, { id: 'x' }, { id: 'x', onOpen: 'queue' });
    await world.client.holds.pause({ process: trip }, 'a wrong price', { starts: 'reject' });
    await world.client.cancel(trip, 'x', 'not needed');
    await world.settle();
    expect(await world.client.describe(trip, 'x')).toMatchObject({ status: 'cancelled', parked: { HELD: 1 } });
    await world.client.holds.resume({ process: trip });
    await world.settle();
    expect(await world.client.describe(trip, 'x')).toMatchObject({ status: 'running' });
  });

  test('of a process pauses an instance at its next event, and stops its clock', async () => {
    const world = worldOf();
    await start(world);
    await world.advance('10 minutes');
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    expect((await world.client.describe(trip, 'x')).paused).toBeUndefined();
    await world.advance('20 minutes');
    await note(world, 'a');
    await world.settle();
    expect(await world.client.describe(trip, 'x')).toMatchObject({
      status: 'running',
      parked: { PAUSED: 1 },
      paused: { by: 'test', reason: 'a wrong price', hold: 'process:trip', since: new Date('2026-01-01T00:10:00Z') },
    });
    await world.client.holds.resume({ process: trip }, 'the price is right');
    await world.settle();
    expect(world.journal(trip, 'x').slice(-5)).toMatchObject([
      { type: 'Paused', by: 'test', reason: 'a wrong price', hold: 'process:trip' },
      { type: 'Resumed', by: 'test', reason: 'the price is right', pausedMs: 20 * 60_000 },
      { type: 'EventReceived' },
      { type: 'EventTaken' },
      { type: 'TimerSet' },
    ]);
  });

  test('of a process lets a timer that comes meanwhile keep its remaining time', async () => {
    const world = worldOf();
    await start(world);
    await note(world, 'a');
    await world.settle();
    await world.advance('30 minutes');
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    await world.advance('5 hours');
    expect((await world.client.describe(trip, 'x')).status).toBe('running');
    await world.client.holds.resume({ process: trip });
    await world.advance('29 minutes');
    expect((await world.client.describe(trip, 'x')).status).toBe('running');
    await world.advance('1 minute');
    expect(await world.client.result(trip, 'x')).toBe('1A a');
  });

  test('of a service pauses an instance in place of the command, which is sent at the end', async () => {
    const world = worldOf();
    await start(world);
    await note(world, 'a');
    await world.settle();
    await world.client.holds.pause({ service: mails }, 'the mail server moves');
    await world.advance('3 hours');
    expect(world.calls(mails.send)).toEqual([]);
    expect(await world.client.describe(trip, 'x')).toMatchObject({ paused: { hold: 'service:mails' } });
    expect(types(world)).not.toContain('TimerFired');
    await world.client.holds.resume({ service: mails }, 'moved');
    expect(await world.client.result(trip, 'x')).toBe('1A a');
    expect(world.calls(mails.send)).toEqual([{ id: 'x' }]);
    expect(types(world).filter((type) => type === 'Paused' || type === 'Resumed')).toEqual(['Paused', 'Resumed']);
  });

  test('of a service keeps a start whose first command goes to it', async () => {
    const world = worldOf();
    await world.client.holds.pause({ service: mails }, 'the mail server moves');
    expect(await world.client.start(other, null, { id: 'o' })).toMatchObject({
      started: false,
      held: expect.stringContaining('The service mails'),
    });
    await world.client.holds.resume({ service: mails });
    await world.settle();
    expect(await world.client.describe(other, 'o')).toMatchObject({ status: 'completed' });
  });

  test('lets an instance go on that an operator has resumed meanwhile', async () => {
    const world = worldOf();
    await start(world);
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    await note(world, 'a');
    await world.settle();
    await world.client.resume(trip, 'x', { reason: 'a try' });
    await world.settle();
    await world.advance('1 hour');
    expect(await world.client.result(trip, 'x')).toBe('1A a');
    await world.client.holds.resume({ process: trip });
  });

  test('leaves an instance paused that an operator has paused', async () => {
    const world = worldOf();
    await start(world);
    await world.client.pause(trip, 'x', 'a look at it');
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    await note(world, 'a');
    await world.settle();
    await world.client.holds.resume({ process: trip });
    await world.settle();
    expect((await world.client.describe(trip, 'x')).paused).toMatchObject({ reason: 'a look at it', waiting: 1 });
  });

  test('lets a cancel undo every step of an instance that is not paused yet', async () => {
    const world = simulate(stays, { services: STAY_SERVICES, patience: '2 days' });
    await world.client.start(stay, null, { id: 'x' });
    await world.settle();
    await world.client.holds.pause({ process: stay }, 'a wrong price');
    await world.client.holds.pause({ service: rooms }, 'the rooms are painted');
    await world.client.cancel(stay, 'x', 'not needed');
    await world.settle();
    expect(world.calls(rooms.free)).toEqual(['second', 'first']);
    const { status, paused } = await world.client.describe(stay, 'x');
    expect([status, paused]).toEqual(['cancelled', undefined]);
  });

  test('lets a cancel undo what was done while the process is paused', async () => {
    const world = worldOf();
    await start(world);
    await world.client.holds.pause({ process: trip }, 'a wrong price');
    await note(world, 'a');
    await world.settle();
    await world.client.cancel(trip, 'x', 'not needed');
    await world.settle();
    expect((await world.client.describe(trip, 'x')).status).toBe('cancelled');
  });

  test('counts what a pause would hold', async () => {
    const world = simulate(trips, { services: SERVICES, patience: '2 days' });
    world.down(seats, '1 hour');
    await start(world);
    expect(await world.client.holds.preview({ process: trip })).toEqual({ instances: 1 });
    expect(await world.client.holds.preview({ service: seats })).toEqual({ instances: 1 });
    expect(await world.client.holds.preview({ service: mails })).toEqual({ instances: 0 });
  });

  test('refuses a process that the system does not list', async () => {
    const world = worldOf();
    const unknown = process('unknown', {}, async () => {});
    await expect(world.client.holds.pause({ process: unknown }, 'a wrong price')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'The process unknown is not in the system h: expected one of trip, other.',
    });
  });

  test('holds and releases everything, whatever worker is killed', async () => {
    await everyCrash(trips, { services: SERVICES }, async (world) => {
      await world.client.publish(Started, { id: 'x' });
      await world.settle();
      await world.client.holds.pause({ process: trip }, 'a wrong price');
      await note(world, 'a');
      await world.client.publish(Started, { id: 'y' });
      await world.client.holds.pause({ process: other }, 'a wrong price', { starts: 'reject' });
      await expect(world.client.start(other, null, { id: 'o' })).rejects.toMatchObject({ code: 'PAUSED' });
      await world.advance('1 minute');
      await world.client.holds.resume({ process: other });
      await world.client.holds.resume({ process: trip });
      await world.client.publish(Noted, { id: 'y', text: 'b' });
      await world.advance('2 hours');
      expect(await world.client.result(trip, 'x')).toBe('1A a');
      expect(await world.client.result(trip, 'y')).toBe('1A b');
      expect(await world.client.count({ process: other })).toEqual([]);
    });
  });
});
