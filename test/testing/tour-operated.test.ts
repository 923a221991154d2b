import { command, decider, event, process, send, service, system, timer } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

/** Operations on instances, and successive runs of one id, with a kill at every point. */
const Go = event('tour.go', z.object({ id: z.string() }));
const Item = z.object({ name: z.string() });
const drop = command({ input: Item, errors: { Locked: z.object({}) } });
const take = command({
  input: Item,
  output: Item,
  errors: { Gone: z.object({}) },
  undo: { command: drop, input: (item) => item },
  retry: { attempts: 3 },
});
const desk = service('desk', { take, drop });

const rig = () => {
  const held: string[] = [];
  const switches = { locked: false, broken: false, silent: false };
  const desks = scripted(desk, {
    take: {
      run: async ({ name }, task) => {
        if (name === 'gone') throw task.errors.Gone({});
        if (switches.silent) return task.defer();
        if (!held.includes(`${name} ${task.commandId}`)) held.push(`${name} ${task.commandId}`);
        return { name };
      },
      cancel: async () => {},
    },
    drop: async ({ name }, task) => {
      if (switches.locked) throw task.errors.Locked({});
      const at = held.indexOf(`${name} ${task.undoes}`);
      if (at >= 0) held.splice(at, 1);
    },
  });
  const clear = (): void => {
    held.length = 0;
    Object.assign(switches, { locked: false, broken: false, silent: false });
  };
  return { held, switches, services: [desks], clear };
};

const statusOf = async (world: World, definition: Parameters<World['journal']>[0]): Promise<string> =>
  (await world.client.describe(definition, 'x')).status;

const failing = process('failing', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
  await ctx.call(desk.take, { name: 'one' });
  await ctx.call(desk.take, { name: 'two' });
  await ctx.call(desk.take, { name: 'gone' });
});

const systemOf = (...processes: Parameters<typeof system>[1]['processes']) => system('tour', { processes, services: [desk] });

describe('with a kill at any point', () => {
  test('an undo that is refused makes the instance stuck, and resume continues it', async () => {
    const { held, switches, services, clear } = rig();
    await everyCrash(systemOf(failing), { services }, async (world) => {
      clear();
      switches.locked = true;
      world.expectStuck(failing, 'x', 'COMPENSATION');
      await world.client.publish(Go, { id: 'x' }, { id: 'go' });
      await world.advance('1 hour');
      expect(await statusOf(world, failing)).toBe('stuck');
      switches.locked = false;
      await world.client.resume(failing, 'x');
      await world.advance('1 hour');
      expect(await statusOf(world, failing)).toBe('failed');
      expect(held).toEqual([]);
    });
  });

  test('a stuck process continues from its position after its code is fixed', async () => {
    const { switches, services, clear } = rig();
    const mended = process('mended', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
      const { name } = await ctx.call(desk.take, { name: 'one' });
      if (switches.broken) throw new TypeError('not yet');
      return name;
    });
    await everyCrash(systemOf(mended), { services }, async (world) => {
      clear();
      switches.broken = true;
      world.expectStuck(mended, 'x', 'POISON');
      await world.client.publish(Go, { id: 'x' }, { id: 'go' });
      await world.advance('1 hour');
      expect(await statusOf(world, mended)).toBe('stuck');
      switches.broken = false;
      await world.client.resume(mended, 'x');
      await world.advance('1 hour');
      expect(await world.client.result(mended, 'x')).toBe('one');
    });
  });

  test('a process whose first line throws gets stuck, and starts after the fix', async () => {
    const { switches, services, clear } = rig();
    const early = process('early', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
      if (switches.broken) throw new TypeError('not yet');
      return (await ctx.call(desk.take, { name: 'one' })).name;
    });
    await everyCrash(systemOf(early), { services }, async (world) => {
      clear();
      switches.broken = true;
      world.expectStuck(early, 'x', 'POISON');
      await world.client.publish(Go, { id: 'x' }, { id: 'go' });
      await world.advance('1 hour');
      await world.client.resume(early, 'x');
      await world.settle();
      expect(await statusOf(world, early)).toBe('stuck');
      switches.broken = false;
      await world.client.resume(early, 'x');
      await world.advance('1 hour');
      expect(await world.client.result(early, 'x')).toBe('one');
    });
  });

  test('a cancelled instance revokes its deferred command', async () => {
    const { held, switches, services, clear } = rig();
    await everyCrash(systemOf(failing), { services }, async (world) => {
      clear();
      switches.silent = true;
      await world.client.publish(Go, { id: 'x' }, { id: 'go' });
      await world.advance('1 hour');
      await world.client.cancel(failing, 'x', 'enough');
      await world.advance('1 hour');
      expect(await statusOf(world, failing)).toBe('cancelled');
      expect(held).toEqual([]);
    });
  });

  test('an id that may be used again has one run after the other, and each keeps its own journal', async () => {
    const { services, clear } = rig();
    const again = process('again', { startOn: Go.byId((go) => go.id), onClosed: 'restart' }, async (ctx) => {
      await ctx.call(desk.take, { name: 'one' });
      return ctx.start.id;
    });
    await everyCrash(systemOf(again), { services }, async (world) => {
      clear();
      for (const id of ['first', 'second', 'second', 'first']) {
        await world.client.publish(Go, { id: 'x' }, { id });
        await world.advance('1 hour');
      }
      expect(await world.client.result(again, 'x')).toBe('second');
      expect(world.calls(desk.take)).toHaveLength(2);
    });
  });

  test('a decider counts each event once, and its timer fires once', async () => {
    const { services, clear } = rig();
    const tick = timer('tick');
    const tally = decider('tally', { state: z.object({ count: z.int(), ticks: z.int() }), initial: () => ({ count: 0, ticks: 0 }) })
      .on(
        Go.byId((go) => go.id),
        (state) => [{ ...state, count: state.count + 1 }, tick.within('1 hour')],
      )
      .on(tick, (state) => [{ ...state, ticks: state.ticks + 1 }, send(desk.take, { name: `${state.count}` })]);
    await everyCrash(systemOf(tally), { services }, async (world) => {
      clear();
      for (const id of ['a', 'b', 'b', 'c']) await world.client.publish(Go, { id: 'x' }, { id });
      await world.advance('2 hours');
      expect(await world.client.query(tally, 'x')).toEqual({ count: 3, ticks: 1 });
      expect(world.calls(desk.take)).toEqual([{ name: '3' }]);
    });
  });
});

test('many instances at a time do not disturb each other', async () => {
  const { held, services } = rig();
  const world = simulate(systemOf(failing), { services });
  for (let n = 0; n < 100; n += 1) await world.client.publish(Go, { id: `i-${n}` });
  await world.advance('1 hour');
  let failed = 0;
  for await (const { status } of world.client.list({ process: failing })) if (status === 'failed') failed += 1;
  expect(failed).toBe(100);
  expect(held).toEqual([]);
});
