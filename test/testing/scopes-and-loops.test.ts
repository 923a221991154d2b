import * as z from 'zod';
import { command, event, process, service, system, type AnyProcess } from 'tutti';
import { everyCrash, scripted, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';

// Scopes, loops and failures of process code, killed at every crash point.

const Started = event('loops.started', z.object({ id: z.string() }));
const release = command({ input: z.object({ n: z.int() }) });
const things = service('things', {
  release,
  hold: command({
    input: z.object({ n: z.int() }),
    output: z.object({ n: z.int() }),
    undo: { command: release, input: ({ n }) => ({ n }) },
  }),
});

const Counted = event('loops.counted', z.object({ id: z.string(), n: z.int() }));
const Stopped = event('loops.stopped', z.object({ id: z.string() }));

const startOn = Started.byId(({ id }) => id);

/** Runs the process of one instance, and kills the worker at every crash point. */
const atEveryCrash = (definition: AnyProcess, story: (world: World) => Promise<void>): Promise<void> =>
  everyCrash(
    system('loops', { processes: [definition], services: [things] }),
    { services: [scripted(things, { hold: async (held) => held, release: async () => {} })] },
    async (world) => {
      await world.client.publish(Started, { id: 'a' }, { id: 'started' });
      await story(world);
    },
  );

describe('after every crash', () => {
  test('of two racing scopes that use the outer ctx, the loser alone is undone', async () => {
    const racing = process('racing', { startOn }, async (ctx) => {
      const branch = (name: string, n: number, pause: '1 day' | '2 days') =>
        ctx.scope(name, async () => {
          await ctx.call(things.hold, { n });
          await ctx.scope('inner', async () => ctx.call(things.hold, { n: n + 100 }));
          await ctx.sleep(pause);
        });
      const { winner } = await ctx.race({ slow: branch('slow', 1, '2 days'), quick: branch('quick', 2, '1 day') });
      return { winner };
    });
    await atEveryCrash(racing, async (world) => {
      await world.advance('3 days');
      expect(await world.client.result(racing, 'a')).toEqual({ winner: 'quick' });
      expect(world.calls(things.release)).toEqual([{ n: 101 }, { n: 1 }]);
    });
  });

  test('ctx.fail undoes what the process did, and its reason arrives', async () => {
    const failing = process('failing', { startOn }, async (ctx) => {
      await ctx.call(things.hold, { n: 1 });
      throw ctx.fail('it is too heavy', { kg: 90 });
    });
    await atEveryCrash(failing, async (world) => {
      await world.advance('1 hour');
      await expect(world.client.result(failing, 'a')).rejects.toMatchObject({ type: 'Other', data: { data: { kg: 90 } } });
      expect(world.calls(things.release)).toEqual([{ n: 1 }]);
    });
  });

  test('ctx.each yields each message once, until its end or until its code leaves it', async () => {
    const receives = [Counted.byId(({ id }) => id), Stopped.byId(({ id }) => id)];
    const counting = process('counting', { startOn, receives }, async (ctx) => {
      const counted: number[] = [];
      for await (const message of ctx.each([Counted], { until: '2 days' })) counted.push(message.data.n);
      for await (const message of ctx.each([Counted, Stopped], { until: '30 days' })) {
        if (Stopped.is(message)) break;
        counted.push(message.data.n);
        await ctx.call(things.hold, { n: message.data.n });
      }
      return { counted };
    });
    await atEveryCrash(counting, async (world) => {
      const count = async (n: number): Promise<void> => {
        await world.client.publish(Counted, { id: 'a', n }, { id: `counted-${n}` });
        await world.advance('20 hours');
      };
      for (let n = 1; n <= 4; n += 1) await count(n);
      await world.client.publish(Stopped, { id: 'a' }, { id: 'stopped' });
      await world.advance('1 hour');
      expect(await world.client.result(counting, 'a')).toEqual({ counted: [1, 2, 3, 4] });
      expect(world.calls(things.hold)).toEqual([{ n: 4 }]);
    });
  });

  test('ctx.every acts once for each period, and what it called is undone when its race is decided', async () => {
    const waiting = process('waiting', { startOn, receives: [Stopped.byId(({ id }) => id)] }, async (ctx) => {
      const next = await ctx.race({ stopped: ctx.waitFor(Stopped), holding: ctx.every('1 day', (n) => ctx.call(things.hold, { n })) });
      return next.winner;
    });
    await atEveryCrash(waiting, async (world) => {
      await world.advance('50 hours');
      await world.client.publish(Stopped, { id: 'a' }, { id: 'stopped' });
      await world.advance('1 hour');
      expect(await world.client.result(waiting, 'a')).toBe('stopped');
      expect(world.calls(things.hold)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(world.calls(things.release)).toEqual([{ n: 2 }, { n: 1 }]);
    });
  });

  test.each([
    ['a day of the month', { monthly: 31, at: '09:00', zone: 'Europe/Paris' }, ['2026-01-31T08:00:00.000Z', '2026-02-28T08:00:00.000Z']],
    ['a cron expression', { cron: '30 2 * * SUN', zone: 'Europe/Paris' }, ['2026-01-04T01:30:00.000Z', '2026-01-11T01:30:00.000Z']],
  ] as const)(
    'ctx.until and the end of ctx.each wait for the next instant of %s, which is journaled once',
    async (_rule, rule, instants) => {
      const receives = [Counted.byId(({ id }) => id)];
      const billing = process('billing', { startOn, receives }, async (ctx) => {
        const counted: number[] = [];
        for await (const { data } of ctx.each([Counted], { until: rule })) counted.push(data.n);
        const first = ctx.now().toISOString();
        await ctx.call(things.hold, { n: counted.length });
        await ctx.until(rule);
        return { counted, at: [first, ctx.now().toISOString()] };
      });
      await atEveryCrash(billing, async (world) => {
        for (const n of [1, 2]) {
          await world.client.publish(Counted, { id: 'a', n }, { id: `counted-${n}` });
          await world.advance('20 hours');
        }
        await world.advance('70 days');
        expect(await world.client.result(billing, 'a')).toEqual({ counted: [1, 2], at: instants });
        expect(world.calls(things.hold)).toEqual([{ n: 2 }]);
      });
    },
  );
});
