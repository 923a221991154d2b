import * as z from 'zod';
import { command, event, process, service, system, type AnyContext, type LogLevel, type ObservedLine } from 'tutti';
import { serve } from 'tutti/service';
import { everyCrash, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';

const Ordered = event('shop.ordered', z.object({ id: z.string() }));
const Noted = event('shop.noted', z.object({ id: z.string() }));
const stock = service('stock', { take: command({ input: z.object({ item: z.string() }), output: z.object({ shelf: z.string() }) }) });

/** A process with this body, and a service that logs. */
function shopOf(body: (ctx: AnyContext) => Promise<unknown>, hook?: (line: ObservedLine) => void) {
  const options = { startOn: Ordered.byId(({ id }) => id), receives: [Noted.byId(({ id }) => id)] };
  const order = process('order', options, body as never);
  const handler = serve(stock, {
    take: async ({ item }, task) => {
      task.log('info', 'taken', { item });
      return { shelf: 'A' };
    },
  });
  const shop = system('shop', { processes: [order], services: [stock], ...(hook && { instrumentation: { log: hook } }) });
  return { order, shop, handler, simulated: (): World => simulate(shop, { services: [handler] }) };
}

const told = (line: ObservedLine): unknown[] => [line.level, line.message, ...(line.fields ? [line.fields] : [])];

describe('ctx.log', () => {
  test('writes each line once, with its run and its message', async () => {
    const hooked: ObservedLine[] = [];
    const { order, simulated } = shopOf(
      async (ctx) => {
        ctx.log('info', 'begins', { size: 3 });
        await ctx.call(stock.take, { item: 'shoe' });
        ctx.log('warn', 'was taken');
        await ctx.sleep('1 day');
        ctx.log('debug', 'ends');
      },
      (line) => hooked.push(line),
    );
    const world = simulated();
    await world.client.publish(Ordered, { id: 'o-1' });
    await world.advance('2 days');
    await world.client.result(order, 'o-1');
    const lines = world.logs(order, 'o-1').filter(({ command: of }) => of === undefined);
    expect(lines.map(told)).toEqual([
      ['info', 'begins', { size: 3 }],
      ['warn', 'was taken'],
      ['debug', 'ends'],
    ]);
    const [{ run } = {}] = lines;
    expect(lines.every((line) => line.run === run && line.tenant === 'default' && line.messageId !== '')).toBe(true);
    expect(new Set(lines.map(({ messageId }) => messageId)).size).toBe(3);
    expect(hooked).toEqual(lines);
  });

  test('writes no line of a decision with a bug, and that of the corrected build', async () => {
    let fails = true;
    const { order, shop, handler, simulated } = shopOf(async (ctx) => {
      ctx.log('info', 'looks');
      if (fails) throw new TypeError('a bug');
    });
    const world = simulated();
    world.expectStuck(order, 'o-1', 'POISON');
    await world.client.publish(Ordered, { id: 'o-1' });
    await world.settle();
    expect(world.logs(order)).toEqual([]);
    fails = false;
    world.deploy(shop, { services: [handler] });
    await world.client.resume(order, 'o-1');
    await world.settle();
    expect(world.logs(order).map(told)).toEqual([['info', 'looks']]);
  });

  test('keeps the lines of a run that continues as new, under its own name', async () => {
    const { order, simulated } = shopOf(async (ctx) => {
      ctx.log('info', `run of ${ctx.runName}`);
      if (ctx.start.id !== 'first') return;
      await (ctx as unknown as { continueAsNew(input: unknown): Promise<never> }).continueAsNew({ id: 'o-1' });
    });
    const world = simulated();
    await world.client.publish(Ordered, { id: 'o-1' }, { id: 'first' });
    await world.settle();
    const lines = world.logs(order);
    expect(lines.map(({ message }) => message)).toEqual(lines.map(({ run }) => `run of ${run}`));
    expect(new Set(lines.map(({ run }) => run)).size).toBe(2);
  });

  test('never fails its code: what is no JSON, or too long, has a defined line', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const changed = { step: 1 };
    const { order, simulated } = shopOf(async (ctx) => {
      ctx.log('error', 'failed', { error: new RangeError('no room'), when: new Date(0) });
      ctx.log('info', 'cycle', cycle);
      ctx.log('info', 'bigint', { n: 1n });
      ctx.log('info', undefined as unknown as string);
      ctx.log('info', 'throws null', {
        toJSON() {
          // Code of users throws anything.
          // oxlint-disable-next-line typescript/only-throw-error
          throw null;
        },
      });
      ctx.log('info', 'x'.repeat(5_000), { long: 'y'.repeat(20_000) });
      ctx.log('loud' as LogLevel, 'changed', changed);
      changed.step = 2;
      for (let i = 0; i < 200; i += 1) ctx.log('info', `${i}`);
    });
    const world = simulated();
    await world.client.publish(Ordered, { id: 'o-1' });
    await world.client.result(order, 'o-1');
    const lines = world.logs(order);
    expect(lines.slice(0, 5).map(told)).toEqual([
      ['error', 'failed', { error: 'RangeError: no room', when: '1970-01-01T00:00:00.000Z' }],
      ['info', 'cycle', { notJson: expect.stringContaining('circular') as unknown }],
      ['info', 'bigint', { notJson: expect.stringContaining('BigInt') as unknown }],
      ['info', 'undefined'],
      ['info', 'throws null', { notJson: 'null' }],
    ]);
    expect(lines[5]?.message).toBe(`${'x'.repeat(1_000)}…`);
    expect(lines[5]?.fields?.['cut']).toHaveLength(8_000);
    expect(lines[6]?.fields).toEqual({ step: 1 });
    expect(lines).toHaveLength(101);
    expect(told(lines[100] as ObservedLine)).toEqual([
      'warn',
      'The code has logged more than 100 lines in one commit: the others are left out.',
    ]);
  });

  test('writes no line twice, wherever a worker is killed', async () => {
    const { order, shop, handler } = shopOf(async (ctx) => {
      ctx.log('info', 'begins');
      await ctx.call(stock.take, { item: 'shoe' });
      ctx.log('info', 'ends');
    });
    await everyCrash(shop, { services: [handler] }, async (world) => {
      await world.client.publish(Ordered, { id: 'o-1' });
      await world.client.result(order, 'o-1');
      const lines = world.logs(order).filter(({ command: of }) => of === undefined);
      expect(['begins', 'ends']).toEqual(expect.arrayContaining(lines.map(({ message }) => message)));
      expect(new Set(lines.map(({ message }) => message)).size).toBe(lines.length);
    });
  });

  test('changes nothing if its hook throws', async () => {
    const { order, simulated } = shopOf(
      async (ctx) => ctx.log('info', 'begins'),
      () => {
        throw new Error('no collector');
      },
    );
    const world = simulated();
    await world.client.publish(Ordered, { id: 'o-1' });
    await world.client.result(order, 'o-1');
    expect(world.logs(order).map(told)).toEqual([['info', 'begins']]);
  });
});

describe('task.log', () => {
  test('writes the lines of a handler and of a step, with their command and its send', async () => {
    const { order, simulated } = shopOf(async (ctx) => {
      await ctx.run('price', async (task) => task.log('info', 'priced', { cents: 500 }));
      await ctx.call(stock.take, { item: 'shoe' });
    });
    const world = simulated();
    await world.client.publish(Ordered, { id: 'o-1' });
    await world.client.result(order, 'o-1');
    const lines = world.logs();
    expect(lines.map(told)).toEqual([
      ['info', 'priced', { cents: 500 }],
      ['info', 'taken', { item: 'shoe' }],
    ]);
    expect(lines.map(({ command: name, process: of, id, attempt }) => [name, of, id, attempt])).toEqual([
      ['steps.run', 'order', 'o-1', 1],
      ['stock.take', 'order', 'o-1', 1],
    ]);
    expect(lines.map(({ commandId }) => commandId?.split('/').at(-1))).toEqual(['1', '2']);
  });
});
