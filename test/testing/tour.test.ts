import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

/** Processes that use every feature of the kernel, run with a kill at every point. They check engine and kernel together. */
const Go = event('tour.go', z.object({ id: z.string() }));
const Note = event('tour.note', z.object({ id: z.string(), text: z.string() }));
const Done = event('tour.done', z.object({ id: z.string(), text: z.string() }));
const Item = z.object({ name: z.string() });
const drop = command({ input: Item });
const take = command({ input: Item, output: Item, errors: { Gone: z.object({}) }, undo: { command: drop, input: (item) => item } });
const desk = service('desk', {
  take,
  drop,
  tell: command({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
});

const rig = () => {
  const held = new Map<string, string>();
  const log: string[] = [];
  const desks = scripted(desk, {
    take: async ({ name }, task) => {
      if (name.startsWith('gone')) throw task.errors.Gone({});
      held.set(task.commandId, name);
      return { name };
    },
    drop: async ({ name }, task) => {
      log.push(`drop ${name}`);
      if (task.undoes !== undefined) held.delete(task.undoes);
    },
    tell: async ({ text }) => ({ text: `${text}!` }),
  });
  return { held, log, services: [desks], clear: () => (held.clear(), (log.length = 0)) };
};

const options = { startOn: Go.byId((go) => go.id), receives: [Note.byId((note) => note.id)], publishes: [Done] };

const scopes = process('scopes', options, async (ctx, { id }) => {
  const kept = await ctx.call(desk.take, { name: 'kept' });
  try {
    await ctx.scope('inner', async (ctx) => {
      await Promise.all([ctx.call(desk.take, { name: 'a' }), ctx.call(desk.take, { name: 'b' })]);
      await ctx.call(desk.take, { name: 'gone' });
    });
  } catch (error) {
    if (!desk.take.failed(error)) throw error;
  }
  ctx.publish(Done, { id, text: kept.name });
  return kept.name;
});

const races = process('races', options, async (ctx) => {
  const won = await ctx.race({
    note: ctx.waitFor(Note),
    slow: ctx.scope('slow', async (ctx) => (await ctx.sleep('1 hour'), ctx.call(desk.take, { name: 'slow' }))),
    fast: ctx.call(desk.take, { name: 'fast' }),
  });
  const any = await ctx.any({ bad: ctx.call(desk.take, { name: 'gone' }), good: ctx.call(desk.tell, { text: 'hi' }) });
  return [won.winner, any.winner];
});

const bulky = process('bulky', options, async (ctx) => {
  const texts: string[] = [];
  for (const size of [10, 3_000, 120_000]) texts.push((await ctx.call(desk.tell, { text: 'x'.repeat(size) })).text);
  return texts.map((text) => text.length);
});

const long = process('long', options, async (ctx) => {
  let left = 0;
  for (let step = 0; step < 60; step += 1) left += (await ctx.call(desk.tell, { text: `${ctx.random()}` })).text.length > 0 ? 1 : 0;
  const note = await ctx.waitFor(Note, { timeout: '2 days' });
  return [left, note?.text ?? 'none'];
});

const undone = process('undone', { ...options, timeout: '1 day' }, async (ctx, { id }) => {
  ctx.compensate('say so', (ctx) => ctx.call(desk.tell, { text: `sorry ${id}` }));
  await ctx.call(desk.take, { name: 'one' });
  await ctx.call(desk.take, { name: 'two' });
  await ctx.sleep('30 days');
});

const worldOf = (...processes: Parameters<typeof system>[1]['processes']) => system('tour', { processes, services: [desk] });

const go = async (world: World): Promise<void> => {
  await world.client.publish(Go, { id: 'x' }, { id: 'go' });
  await world.advance('10 minutes');
};

describe('with a kill at any point', () => {
  test('a failed scope is undone, and the effects outside of it stay', async () => {
    const { held, log, services, clear } = rig();
    await everyCrash(worldOf(scopes), { services }, async (world) => {
      clear();
      await go(world);
      expect(await world.client.result(scopes, 'x')).toBe('kept');
      expect([...held.values()]).toEqual(['kept']);
      expect(new Set(log)).toEqual(new Set(['drop a', 'drop b']));
    });
  });

  test('a race has one winner, and the losers are undone', async () => {
    const { held, services, clear } = rig();
    await everyCrash(worldOf(races), { services }, async (world) => {
      clear();
      await go(world);
      expect(await world.client.result(races, 'x')).toEqual(['fast', 'good']);
      await world.advance('2 hours');
      expect([...held.values()]).toEqual(['fast']);
    });
  });

  test('values of any size reach the process', async () => {
    const { services } = rig();
    await everyCrash(worldOf(bulky), { services }, async (world) => {
      await go(world);
      expect(await world.client.result(bulky, 'x')).toEqual([11, 3_001, 120_001]);
    });
  });

  test('a process that times out is cancelled and undoes its commands', async () => {
    const { held, services, clear } = rig();
    await everyCrash(worldOf(undone), { services }, async (world) => {
      clear();
      await go(world);
      await world.advance('2 days');
      expect((await world.client.describe(undone, 'x')).status).toBe('cancelled');
      expect([...held.values()]).toEqual([]);
    });
  });

  test('a signal that arrives early, twice, or with the start is read once', async () => {
    const { services } = rig();
    await everyCrash(worldOf(races), { services }, async (world) => {
      world.down(desk, '1 hour');
      await world.client.publish(Note, { id: 'x', text: 'early' }, { id: 'note' });
      await world.settle();
      await world.client.publish(Note, { id: 'x', text: 'early' }, { id: 'note' });
      await go(world);
      await world.advance('2 hours');
      expect(await world.client.result(races, 'x')).toEqual(['note', 'good']);
    });
  });
});

test('a long journal is spilled, and an instance rebuilt from it decides the same', async () => {
  const world = simulate(worldOf(long), rig());
  await go(world);
  expect(world.journal(long, 'x').length).toBeGreaterThan(120);
  await world.advance('3 days');
  expect(await world.client.result(long, 'x')).toEqual([60, 'none']);
});

test('a terminated instance ends at once, and a command that succeeds late is undone', async () => {
  const { held, services } = rig();
  const world = simulate(worldOf(undone), { services });
  world.down(desk, '1 hour');
  await world.client.publish(Go, { id: 'x' });
  await world.settle();
  await world.client.terminate(undone, 'x', 'enough');
  expect((await world.client.describe(undone, 'x')).status).toBe('terminated');
  await world.advance('2 hours');
  expect([...held.values()]).toEqual([]);
});
