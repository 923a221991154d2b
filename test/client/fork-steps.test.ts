import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';
import { newImage } from '../../lib/core/image.ts';
import { encodeControl, encodeHead } from '../../lib/format/head-codec.ts';
import { StepFinder } from '../../lib/steps/find-step.ts';
import { memoryPorts } from './ports.ts';

const Started = event('g.started', z.object({ id: z.string(), plan: z.string() }));
const Go = event('g.go', z.object({ id: z.string(), word: z.string() }));
const Moved = event('g.moved', z.object({ van: z.string(), at: z.string() }));
const Parked = event('g.parked', z.object({ van: z.string(), at: z.string() }));
const shop = service('yard', {
  price: command({ input: z.object({ what: z.string() }), output: z.object({ price: z.int() }) }),
  tell: command({
    input: z.object({ text: z.string() }),
    timeout: '1 minute',
    retry: { attempts: 5, first: '1 hour', most: '1 hour', within: '2 days' },
  }),
});

const seat = process(
  'seat',
  { input: z.object({ what: z.string() }) },
  async (ctx, { what }) => (await ctx.call(shop.price, { what })).price,
);

/** Paid and refunded by `ctx.run`, outside of the world. */
let money: string[] = [];

const tourOf = (version: number) =>
  process(
    'tour',
    {
      version,
      onClosed: 'restart',
      startOn: Started.byId(({ id }) => id),
      receives: [Go.byId(({ id }) => id), Moved.byKey(({ van }) => van), Parked.byKey(({ van }) => van, { deliver: 'first' })],
    },
    async (ctx, { plan }) => {
      switch (plan) {
        case 'child': {
          const [price, { word }] = await Promise.all([ctx.child(seat, { what: plan }), ctx.waitFor(Go)]);
          return `${price} ${word}`;
        }
        case 'key': {
          const [moved, parked] = await Promise.all([ctx.waitFor(Moved, { key: 'van-1' }), ctx.waitFor(Parked, { key: 'van-1' })]);
          return `${moved.at} ${parked.at}`;
        }
        case 'detached': {
          ctx.detach(ctx.call(shop.tell, { text: 'detached' }));
          ctx.send(shop.tell, { text: 'sent' });
          return (await ctx.waitFor(Go)).word;
        }
        case 'bodies': {
          const paid = await ctx.run(
            'pay',
            async () => {
              money.push('paid');
              return { receipt: money.length };
            },
            { undo: async ({ receipt }) => void money.push(`refunded ${receipt}`) },
          );
          const { word } = await ctx.waitFor(Go);
          if (word === 'fail') throw ctx.fail('no');
          return `${paid.receipt} ${word}`;
        }
        case 'clock': {
          const began = ctx.now();
          const slept = ctx.sleep('2 hours');
          const { word } = await ctx.waitFor(Go);
          const heard = ctx.now();
          await slept;
          return [began, heard, ctx.now()].map((at) => at.toISOString()).join(` ${word} `);
        }
        default: {
          const { word } = await ctx.waitFor(Go);
          if (word === 'on') return ctx.continueAsNew({ id: ctx.id, plan: 'again' });
          return `${ctx.id} ${word}`;
        }
      }
    },
  );
const tour = tourOf(1);
const tours = system('g', { processes: [tour, seat], services: [shop] });

interface Shop {
  readonly tell?: (input: { readonly text: string }) => Promise<void>;
}
const options = ({ tell = async () => {} }: Shop = {}) => ({
  services: [scripted(shop, { price: async () => ({ price: 7 }), tell })],
  patience: '1 day' as const,
});
const worldOf = (of?: Shop): World => simulate(tours, options(of));

const begin = async (world: World, plan: string, ...words: readonly string[]): Promise<void> => {
  await world.client.publish(Started, { id: 'x', plan });
  await world.settle();
  for (const word of words) {
    await world.client.publish(Go, { id: 'x', word });
    await world.settle();
  }
};

const timesOf = (result: unknown): number[] =>
  String(result)
    .split(' yes ')
    .map((at) => Date.parse(at));
const entriesOf = (world: World, id: string) =>
  world.journal(tour, id) as unknown as readonly { readonly type: string; readonly at?: number }[];

describe('a fork', () => {
  test('adopts the result of a child that was open at the cut', () =>
    everyCrash(tours, options(), async (world) => {
      await begin(world, 'child', 'yes');
      expect(await world.client.result(tour, 'x')).toBe('7 yes');
      expect(await world.client.fork(tour, 'x', { at: 0, reason: 'again' })).toMatchObject({ id: 'x~f1' });
      expect(await world.client.result(tour, 'x~f1')).toBe('7 yes');
      expect(world.calls(shop.price)).toHaveLength(1);
      const children: string[] = [];
      for await (const { id } of world.client.list({ process: seat })) children.push(id);
      expect(children).toEqual(['x.1']);
    }));

  test('sees the times of its prefix, and sleeps for as long as was left at the cut', () =>
    everyCrash(tours, options(), async (world) => {
      await begin(world, 'clock');
      await world.advance('30 minutes');
      await world.client.signal(tour, 'x', Go, { id: 'x', word: 'yes' });
      const [began, heard] = timesOf(await world.client.result(tour, 'x'));
      const heardAt = entriesOf(world, 'x').findIndex(({ type }) => type === 'EventReceived');
      await world.client.fork(tour, 'x', { at: heardAt, to: 'a', reason: 'again' });
      const again = timesOf(await world.client.result(tour, 'a'));
      expect(again.slice(0, 2)).toEqual([began, heard]);
      const forkedAt = entriesOf(world, 'a').find(({ type }) => type === 'Forked')?.at as number;
      expect((again[2] as number) - forkedAt).toBe(90 * 60_000);
    }));

  test('subscribes to the keys of its prefix, and receives their events', () =>
    everyCrash(tours, options(), async (world) => {
      await begin(world, 'key');
      await world.client.fork(tour, 'x', { at: 0, supersede: true, reason: 'again' });
      await world.settle();
      await world.client.publish(Moved, { van: 'van-1', at: 'A' });
      await world.client.publish(Parked, { van: 'van-1', at: 'B' });
      expect(await world.client.result(tour, 'x~f1')).toBe('A B');
      expect((await world.client.describe(tour, 'x')).status).toBe('terminated');
    }));

  test.each([
    ['are open', () => 0],
    ['pause before their next run', (world: World) => world.journal(tour, 'x').length - 1],
  ])('leaves commands that no step awaits and that %s to the original', async (_, cut) => {
    const told: string[] = [];
    const world = worldOf({
      tell: async ({ text }) => {
        told.push(text);
        throw new Error('the line is dead');
      },
    });
    world.expectFaults(shop.tell);
    await begin(world, 'detached');
    await world.advance('1 minute');
    await world.client.fork(tour, 'x', { at: cut(world), supersede: true, to: 'a', reason: 'again' });
    await world.client.signal(tour, 'a', Go, { id: 'a', word: 'yes' });
    expect(await world.client.result(tour, 'a')).toBe('yes');
    await world.advance('8 hours');
    expect(told.toSorted()).toEqual([...Array<string>(5).fill('detached'), ...Array<string>(5).fill('sent')]);
  });

  test('undoes a step of ctx.run that it has adopted, by its own journal', () =>
    everyCrash(tours, options(), async (world) => {
      money = [];
      await begin(world, 'bodies', 'yes');
      const paid = money.length;
      expect(paid).toBeGreaterThan(0);
      await world.client.fork(tour, 'x', { at: 'g.go:1', events: 'none', to: 'a', reason: 'again' });
      await world.client.signal(tour, 'a', Go, { id: 'a', word: 'fail' });
      await expect(world.client.result(tour, 'a')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
      expect(money.slice(paid).filter((each) => each === 'paid')).toEqual([]);
      expect(money.slice(paid)[0]).toMatch(/^refunded/);
    }));

  test('undoes it also if the version of its original is listed no more', async () => {
    money = [];
    const world = worldOf();
    await begin(world, 'bodies', 'yes');
    world.deploy(system('g', { processes: [tourOf(2), seat], services: [shop] }), options());
    await world.client.fork(tour, 'x', { at: 'g.go:1', events: 'none', to: 'a', version: 2, reason: 'again' });
    await world.client.signal(tour, 'a', Go, { id: 'a', word: 'fail' });
    await expect(world.client.result(tour, 'a')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(money).toEqual(['paid', 'refunded 1']);
  });

  test('runs an open step of ctx.run again, with the values of its prefix', async () => {
    money = [];
    const world = worldOf();
    await begin(world, 'bodies', 'yes');
    await world.client.fork(tour, 'x', { at: 'pay:1', completed: 'undo', reason: 'again' });
    expect(await world.client.result(tour, 'x~f1')).toMatch(/ yes$/);
    expect(money.toSorted()).toEqual(['paid', 'paid', 'refunded 1']);
  });

  test('of a run that has continued keeps the id that its code sees, also when it continues', () =>
    everyCrash(tours, options(), async (world) => {
      await begin(world, 'loop', 'on', 'yes');
      expect(await world.client.result(tour, 'x')).toBe('x yes');
      await world.client.fork(tour, 'x', { at: 'start', events: 'none', to: 'a', reason: 'again' });
      for (const word of ['on', 'last']) {
        await world.client.signal(tour, 'a', Go, { id: 'a', word });
        await world.settle();
      }
      expect(await world.client.result(tour, 'a')).toBe('x last');
      await expect(world.client.fork(tour, 'a', { at: 99, to: 'b', reason: 'again' })).rejects.toMatchObject({ code: 'FORK_REFUSED' });
    }));

  test('stays in the list of its original when that begins again', async () => {
    const world = worldOf();
    await begin(world, 'loop', 'yes');
    await world.client.fork(tour, 'x', { at: 'start', events: 'none', to: 'a', reason: 'again' });
    await begin(world, 'loop', 'no');
    expect(await world.client.describe(tour, 'x')).toMatchObject({
      run: expect.any(String) as string,
      forks: [{ process: 'tour', id: 'a' }],
    });
  });

  test('finds the steps of ctx.run of an earlier run on the version that it had then', async () => {
    const world = worldOf();
    await begin(world, 'bodies');
    world.deploy(system('g', { processes: [tourOf(2), tour, seat], services: [shop] }), options());
    const last = entriesOf(world, 'x').length - 1;
    await world.client.fork(tour, 'x', { at: last, supersede: true, to: 'a', version: 2, reason: 'again' });
    const entries = entriesOf(world, 'a');
    expect(entries.find(({ type }) => type === 'Forked')).toMatchObject({ definition: 'tour@2' });
    const later = { ...newImage('default#tour#a', 'later', 'tour@2', 0) };
    const { store, payloads } = memoryPorts();
    await store.spill({ pid: later.pid, run: 'first', from: 0, entries: entries.map((entry) => JSON.stringify(entry)) });
    await store.commit({ ...encodeHead(later, 'w', encodeControl(later)), version: 1 }, { kind: 'absent' });
    const finder = new StepFinder(system('g', { processes: [tourOf(2), seat], services: [shop] }), { store, payloads });
    expect(await finder.find({ pid: later.pid, run: 'first', step: 'pay:1' })).toMatchObject({ undo: expect.any(Function) as unknown });
  });

  test('is refused at the end of a run', async () => {
    const world = worldOf();
    await begin(world, 'loop', 'yes');
    const last = world.journal(tour, 'x').length - 1;
    await expect(world.client.fork(tour, 'x', { at: last, reason: 'again' })).rejects.toMatchObject({
      message: expect.stringContaining('the cut lies after its end') as string,
    });
  });
});
