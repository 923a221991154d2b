import { command, event, process, service, system, type Process } from 'tutti';
import {
  answered,
  calls,
  continues,
  everyCrash,
  given,
  happened,
  replayJournal,
  scripted,
  simulate,
  waits,
  type Fact,
  type World,
} from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

const meters = service('meters', {
  bill: command({ input: z.object({ total: z.int() }), output: z.object({ bill: z.string() }) }),
  note: command({ input: z.object({ total: z.int() }) }),
});
const Read = event('grid.meter-read', z.object({ meter: z.string(), kwh: z.int() }));
const Closed = event('grid.meter-closed', z.object({ meter: z.string() }));

/** One run a month, here: three readings. */
const meter = process(
  'meter',
  { input: z.object({ total: z.int() }), receives: [Read.byId((read) => read.meter), Closed.byId((closed) => closed.meter)] },
  async (ctx, { total }) => {
    let sum = total;
    let readings = 0;
    for await (const { type, data } of ctx.each([Read, Closed])) {
      if (type === 'grid.meter-closed') return { total: sum };
      sum += data.kwh;
      readings += 1;
      if (readings === 3) break;
    }
    await ctx.call(meters.bill, { total: sum });
    ctx.send(meters.note, { total: sum });
    return ctx.continueAsNew({ total: sum });
  },
);
const Ticked = event('grid.ticked', z.object({ ticker: z.string(), n: z.int() }));
const ticker = process('ticker', { startOn: Ticked.byId((tick) => tick.ticker), onOpen: 'signal' }, async (ctx, { n }) => {
  const next = await ctx.waitFor(Ticked);
  ctx.send(meters.note, { total: n + next.n });
  return ctx.continueAsNew({ ticker: ctx.id, n: n + next.n });
});
const grid = system('grid', { processes: [meter], services: [meters] });
const metering = scripted(meters, { bill: async ({ total }) => ({ bill: `b-${total}` }), note: async () => undefined });

function worldOf(): World {
  return simulate(grid, { services: [metering] });
}

async function read(world: World, ...readings: number[]): Promise<void> {
  for (const kwh of readings) await world.client.publish(Read, { meter: 'm-1', kwh });
}

interface Entry {
  readonly type: string;
  readonly continues?: { readonly run: string; readonly number: number; readonly unread?: number };
}

function types(world: World, definition: Process<'meter', never>): string[] {
  return (world.journal(definition, 'm-1') as unknown as Entry[]).map(({ type }) => type);
}

describe('continueAsNew', () => {
  test('begins the next run with its input, under the same id', async () => {
    const world = worldOf();
    await world.client.start(meter, { total: 0 }, { id: 'm-1' });
    await read(world, 1, 2, 3);
    await world.settle();
    expect(types(world, meter as never)).toEqual(['ProcessStarted', 'CommandAnswered']);
    await read(world, 10);
    await world.client.publish(Closed, { meter: 'm-1' });
    await world.settle();
    expect(await world.client.result(meter, 'm-1')).toEqual({ total: 16 });
  });

  test('events that no step has taken move along, in order', async () => {
    const world = worldOf();
    world.down(meters, '1 hour');
    await world.client.start(meter, { total: 0 }, { id: 'm-1' });
    await read(world, 1, 2, 3);
    await read(world, 4, 5);
    await world.client.publish(Closed, { meter: 'm-1' });
    await world.settle();
    await world.advance('2 hours');
    expect(await world.client.result(meter, 'm-1')).toEqual({ total: 15 });
    const [first] = world.journal(meter, 'm-1') as unknown as Entry[];
    expect(first?.continues).toMatchObject({ number: 2, unread: 3 });
    expect(world.calls(meters.bill)).toEqual([{ total: 6 }]);
  });

  test('three runs in a row, each with unread events', async () => {
    const world = worldOf();
    world.down(meters, '1 hour');
    await world.client.start(meter, { total: 0 }, { id: 'm-1' });
    await read(world, ...Array.from({ length: 10 }, () => 1));
    await world.client.publish(Closed, { meter: 'm-1' });
    await world.settle();
    await world.advance('1 day');
    expect(await world.client.result(meter, 'm-1')).toEqual({ total: 10 });
    expect(world.calls(meters.note)).toHaveLength(3);
    const [first] = world.journal(meter, 'm-1') as unknown as Entry[];
    expect(first?.continues?.number).toBe(4);
  });

  test('the journal of each run is kept, and replays alone', async () => {
    const world = worldOf();
    await world.client.start(meter, { total: 0 }, { id: 'm-1' });
    await read(world, 1, 2, 3, 4, 5, 6);
    await world.settle();
    for (const run of [1, 2, 3]) {
      const entries = world.journal(meter, 'm-1', run);
      expect(await replayJournal(grid, { process: 'meter', id: 'm-1', entries })).toEqual([]);
      expect((entries as unknown as Entry[]).at(-1)?.type).toBe(run === 3 ? 'CommandAnswered' : 'RunContinued');
    }
    expect((await world.client.describe(meter, 'm-1')).why).toContain('(run 3)');
  });

  test('a run goes on with the newest version, and its input is upcast', async () => {
    const old = process(
      'count',
      { input: z.object({ n: z.int() }), receives: [Closed.byId((closed) => closed.meter)] },
      async (ctx, { n }) => {
        await ctx.waitFor(Closed);
        return ctx.continueAsNew({ n: n + 1 }, { version: 'newest' });
      },
    );
    const next = process(
      'count',
      { input: z.object({ n: z.int(), by: z.int().default(10) }), receives: [Closed.byId((closed) => closed.meter)], version: 2 },
      async (ctx, { n, by }) => ({ n: n + by, run: ctx.runName.length }),
    );
    const world = simulate(system('counts', { processes: [old], services: [] }));
    await world.client.start(old, { n: 1 }, { id: 'm-1' });
    await world.client.publish(Closed, { meter: 'm-1' });
    await world.settle();
    world.deploy(system('counts', { processes: [next, old], services: [] }));
    expect((await world.client.describe(old, 'm-1')).version).toBe(1);
    await world.client.publish(Closed, { meter: 'm-1' });
    expect(await world.client.result(next, 'm-1')).toEqual({ n: 13, run: 22 });
    expect((await world.client.describe(next, 'm-1')).version).toBe(2);
  });

  test('given names the input, and the decisions of both runs', async () => {
    const reading = (kwh: number): Fact => happened(Ticked, { ticker: 't', n: kwh });
    await given(ticker, reading(1))
      .when(reading(2))
      .expect(calls(meters.note, { total: 3 }), continues({ ticker: 't', n: 3 }), waits(Ticked));
    await given(ticker, reading(1), reading(2), reading(3))
      .when(answered(meters.note, null), reading(4))
      .expect(calls(meters.note, { total: 10 }), continues(), waits(Ticked));
  });

  test('a child continues as new and answers its parent in the end; a parent moves its detached child', async () => {
    const parent = process('parent', { input: z.object({ n: z.int() }) }, async (ctx, { n }) => {
      if (n === 2) return { n };
      if (n === 0) ctx.detach(ctx.child(meter, { total: 0 }, { id: 'm-2' }));
      if (n === 1) return ctx.continueAsNew({ n: 2 });
      await ctx.child(meter, { total: 0 }, { id: 'm-1' });
      return ctx.continueAsNew({ n: n + 1 });
    });
    const world = simulate(system('grid', { processes: [parent, meter], services: [meters] }), { services: [metering] });
    await world.client.start(parent, { n: 0 }, { id: 'p' });
    await read(world, 1, 2, 3, 4);
    await world.settle();
    expect((await world.client.describe(meter, 'm-1')).why).toContain('(run 2)');
    await world.client.publish(Closed, { meter: 'm-1' });
    expect(await world.client.result(parent, 'p')).toEqual({ n: 2 });
    await world.client.publish(Closed, { meter: 'm-2' });
    expect(await world.client.result(meter, 'm-2')).toEqual({ total: 0 });
  });

  test('survives a crash at every step', async () => {
    await everyCrash(grid, { services: [metering] }, async (world) => {
      await world.client.start(meter, { total: 0 }, { id: 'm-1' });
      await read(world, 1, 2, 3, 4);
      await world.settle();
      await world.client.publish(Closed, { meter: 'm-1' });
      await world.settle();
      expect(await world.client.result(meter, 'm-1')).toEqual({ total: 10 });
      expect(world.calls(meters.note)).toHaveLength(1);
    });
  });
});
