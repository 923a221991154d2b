import * as z from 'zod';
import { command, event, process, service, system, type Instrumentation, type ObservedActivation, type ObservedStep } from 'tutti';
import { serve } from 'tutti/service';
import { simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';

const Ordered = event('shop.ordered', z.object({ id: z.string(), item: z.string() }));
const Noted = event('shop.noted', z.object({ id: z.string() }));
const stock = service('stock', {
  take: command({ input: z.object({ item: z.string() }), output: z.object({ shelf: z.string() }), errors: { NoneLeft: z.object({}) } }),
});

const order = process('order', { startOn: Ordered.byId(({ id }) => id), receives: [Noted.byId(({ id }) => id)] }, async (ctx, { item }) => {
  await ctx.run('price', async () => 5);
  return ctx.call(stock.take, { item });
});

type Hook = keyof Instrumentation;
type Records = { readonly [K in Hook]: Parameters<NonNullable<Instrumentation[K]>>[0][] };

function observed(instrumentation?: Instrumentation): { readonly world: World; readonly records: Records } {
  const records: Records = { activation: [], commit: [], step: [], conflict: [], command: [], attempt: [], answer: [], log: [] };
  const hooks = Object.fromEntries(
    Object.entries(records).map(([name, list]) => [name, (record: never) => void list.push(record)]),
  ) as Instrumentation;
  let failures = 0;
  const handler = serve(
    stock,
    {
      take: async ({ item }, task) => {
        if (item === 'gone') throw task.errors.NoneLeft({});
        if (item === 'slow' && (failures += 1) < 2) throw new Error('busy');
        return { shelf: 'A' };
      },
    },
    { instrumentation: instrumentation ?? hooks },
  );
  const shop = system('shop', { processes: [order], services: [stock], instrumentation: instrumentation ?? hooks });
  return { world: simulate(shop, { services: [handler] }), records };
}

const told = ({ kind, verdict, code }: ObservedActivation): unknown[] => [kind, verdict, ...(code === undefined ? [] : [code])];

describe('instrumentation', () => {
  test('the hooks get each decision, write, command, run and reply of an instance', async () => {
    const { world, records } = observed();
    world.expectFaults(stock.take);
    await world.client.publish(Ordered, { id: 'o-1', item: 'slow' });
    await world.advance('1 minute');
    await world.client.result(order, 'o-1');
    expect(records.activation.map(told)).toEqual([
      ['start', 'applied'],
      ['reply', 'applied'],
      ['reply', 'applied'],
    ]);
    expect(records.activation.every(({ at, sentAt }) => at >= sentAt)).toBe(true);
    expect(records.commit.map(({ version, status, definition }) => [version, status, definition])).toEqual([
      [1, 'running', 'order@1'],
      [2, 'running', 'order@1'],
      [3, 'completed', 'order@1'],
    ]);
    const run = records.commit[0]?.run;
    const [first, second] = records.command;
    expect(records.command.map(({ process, id, tenant, command: name, attempt }) => [process, id, tenant, name, attempt])).toEqual([
      ['order', 'o-1', 'default', 'steps.run', 1],
      ['order', 'o-1', 'default', 'stock.take', 1],
    ]);
    expect(first?.commandId.startsWith(`default#order#o-1/${run}/`)).toBe(true);
    expect(records.attempt.map(({ command: name, outcome, commandId }) => [name, outcome, commandId])).toEqual([
      ['steps.run', 'completed', first?.commandId],
      ['stock.take', 'threw', second?.commandId],
      ['stock.take', 'completed', second?.commandId],
    ]);
    expect(records.attempt[1]?.error).toMatchObject({ message: 'busy' });
    expect(records.answer.map(({ command: name, outcome, commandId }) => [name, outcome, commandId])).toEqual([
      ['steps.run', 'completed', first?.commandId],
      ['stock.take', 'completed', second?.commandId],
    ]);
  });

  test('a declared error and an event that comes before its instance have their words', async () => {
    const { world, records } = observed();
    await world.client.signal(order, 'o-2', Noted, { id: 'o-2' });
    await world.settle();
    await world.client.publish(Ordered, { id: 'o-2', item: 'gone' });
    await expect(world.client.result(order, 'o-2')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(records.attempt.at(-1)).toMatchObject({ outcome: 'failed', error: { type: 'NoneLeft' } });
    expect(records.answer.at(-1)).toMatchObject({ outcome: 'failed' });
    expect(records.activation.map(told)).toContainEqual(['event', 'kept']);
  });

  test('a hook that throws, or rejects, changes nothing', async () => {
    const failing = (): never => {
      throw new Error('no collector');
    };
    const rejecting = (async () => failing()) as () => never;
    const { world } = observed({ activation: failing, commit: rejecting, command: failing, attempt: rejecting, answer: failing });
    await world.client.publish(Ordered, { id: 'o-4', item: 'shoe' });
    await expect(world.client.result(order, 'o-4')).resolves.toEqual({ shelf: 'A' });
  });
});

describe('the hook step', () => {
  const Paid = event('shop.paid', z.object({ id: z.string() }));
  const Packed = event('shop.packed', z.object({ id: z.string() }));
  const putBack = command({ input: z.object({ item: z.string() }) });
  const depot = service('depot', {
    putBack,
    take: command({
      input: z.object({ item: z.string() }),
      errors: { NoneLeft: z.object({}) },
      undo: { command: putBack, input: ({ item }) => ({ item }) },
    }),
  });
  const wrap = process('wrap', { startOn: Noted.byId(({ id }) => id) }, async () => null);
  const pack = process(
    'pack',
    { startOn: Ordered.byId(({ id }) => id), receives: [Paid.byId(({ id }) => id)], publishes: [Packed] },
    async (ctx, { id, item }) => {
      await ctx.scope('shelf', async (inner) => inner.call(depot.take, { item: 'box' }));
      ctx.publish(Packed, { id });
      await ctx.child(wrap, { id: `${id}-w` });
      await ctx.waitFor(Paid, { timeout: '1 day' });
      await ctx.sleep('1 hour');
      await ctx.run('price', async () => 5);
      await ctx.call(depot.take, { item });
    },
  );

  async function steps(item: string, forgets: boolean): Promise<readonly ObservedStep[]> {
    const told: ObservedStep[] = [];
    const shop = system('shop', { processes: [pack, wrap], services: [depot], instrumentation: { step: (step) => void told.push(step) } });
    let busy = item === 'busy';
    const handler = serve(depot, {
      putBack: async () => null,
      take: async (input, task) => {
        if (input.item === 'gone') throw task.errors.NoneLeft({});
        if (busy && input.item === item) {
          busy = false;
          throw new Error('busy');
        }
        return null;
      },
    });
    const world = simulate(shop, {
      services: [handler],
      ...(forgets && { crash: ({ at, count }) => at === 'before-acknowledge' && count % 2 === 1 }),
    });
    world.expectFaults(depot.take);
    await world.client.publish(Ordered, { id: 'o-1', item });
    await world.settle();
    await world.client.publish(Paid, { id: 'o-1' });
    await world.advance('2 hours');
    return told.filter(({ process: of }) => of === 'pack');
  }

  const BEFORE = [
    ['shelf:1', 'scope', 'begun'],
    ['shelf:1/depot.take:1', 'call', 'begun'],
    ['shelf:1/depot.take:1', 'call', 'completed'],
    ['shelf:1', 'scope', 'completed'],
    ['shop.packed:1', 'publish', 'completed'],
    ['wrap:1', 'child', 'begun'],
    ['wrap:1', 'child', 'completed'],
    ['shop.paid:1', 'wait', 'completed'],
    ['sleep:1', 'timer', 'begun'],
    ['sleep:1', 'timer', 'completed'],
    ['price:1', 'run', 'begun'],
    ['price:1', 'run', 'completed'],
    ['depot.take:1', 'call', 'begun'],
  ];
  const shown = (all: readonly ObservedStep[]): unknown[] => all.map(({ path, kind, state }) => [path, kind, state]);

  test.each([
    ['once', false],
    ['also if each message comes again to a cold engine', true],
  ])('gets the beginning and the end of each step %s', async (_how, forgets) => {
    const told = await steps('busy', forgets);
    expect(shown(told)).toEqual([...BEFORE, ['depot.take:1', 'call', 'completed']]);
    const [, begun, ended] = told;
    expect([ended?.commandId, ended?.startedAt]).toEqual([begun?.commandId, begun?.at]);
    expect(begun?.commandId).toMatch(/^default#pack#o-1\/.+\/\d+$/);
  });

  test('gets the failure of a step, and the undo of another one', async () => {
    expect(shown(await steps('gone', false)).slice(BEFORE.length)).toEqual([
      ['depot.take:1', 'call', 'failed'],
      ['shelf:1/depot.take:1/undo', 'undo', 'begun'],
      ['shelf:1/depot.take:1/undo', 'undo', 'completed'],
    ]);
  });
});
