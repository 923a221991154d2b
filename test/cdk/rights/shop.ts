import * as z from 'zod';
import { command, decider, event, process, service, system } from 'tutti';

// A system that makes every kind of call that Tutti makes: short and long timers, values too large for a message, an answer by a person, a
// transaction, an event of its own, steps.

export const OrderPlaced = event('web.order-placed', z.object({ orderId: z.string(), text: z.string() }));
export const NoteAdded = event('desk.note-added', z.object({ orderId: z.string(), text: z.string() }));
export const OrderDone = event('shop.order-done', z.object({ orderId: z.string() }));
export const Viewed = event('web.viewed', z.object({ userId: z.string() }));

const giveBack = command({ input: z.object({ shelf: z.string() }) });
export const stock = service('stock', {
  take: command({
    input: z.object({ orderId: z.string(), text: z.string() }),
    output: z.object({ shelf: z.string(), text: z.string() }),
    undo: { command: giveBack, input: (_take, { shelf }) => ({ shelf }) },
  }),
  giveBack,
});
export const people = service('people', {
  approve: command({ input: z.object({ orderId: z.string() }), output: z.object({ text: z.string() }), errors: { Refused: z.object({}) } }),
});

/** Takes from the stock, sleeps, waits for a note, has it approved by a person. */
export const order = process(
  'order',
  {
    startOn: OrderPlaced.byId(({ orderId }) => orderId),
    receives: [NoteAdded.byId(({ orderId }) => orderId)],
    publishes: [OrderDone],
    view: z.object({ text: z.string() }),
  },
  async (ctx, { orderId, text }) => {
    if (text === 'bug') throw new TypeError('the code is wrong');
    ctx.view({ text });
    const taken = await ctx.call(stock.take, { orderId, text });
    await ctx.sleep('2 hours');
    await ctx.waitFor(NoteAdded);
    const { text: approved } = await ctx.call(people.approve, { orderId });
    ctx.publish(OrderDone, { orderId });
    return { shelf: taken.shelf, approved: approved.length };
  },
);

/** Sleeps so shortly that a delayed message carries its tick. A note concerns an order and a nap. */
export const nap = process(
  'nap',
  { input: z.object({ text: z.string().default('') }), receives: [NoteAdded.byId(({ orderId }) => orderId)] },
  async (ctx) => {
    await ctx.sleep('30 seconds');
    return {};
  },
);

export const views = decider('views', { state: z.object({ count: z.int() }), initial: () => ({ count: 0 }) }).on(
  Viewed.byId(({ userId }) => userId),
  ({ count }) => ({ count: count + 1 }),
);

/** Packs in three steps, each with a copy of the text; a late failure undoes them. */
export const pack = process(
  'pack',
  { input: z.object({ text: z.string().default(''), wanted: z.boolean().default(true) }), errors: { Unwanted: z.object({}) } },
  async (ctx, { text, wanted }) => {
    const weights: number[] = [];
    for (const layer of ['paper', 'box', 'tape']) {
      const packed = await ctx.run(
        layer,
        async (task) => {
          const { packages } = await import('./packages.ts');
          if (text === 'later') throw task.retryAfter('1 hour', 'the table is taken');
          packages.add(`${ctx.id} ${layer} after ${weights.length}`);
          return { weight: packages.weigh(text), text };
        },
        { undo: async ({ weight }) => void (await import('./packages.ts')).packages.add(`${ctx.id} ${layer} of ${weight} undone`) },
      );
      weights.push(packed.weight);
    }
    if (!wanted) throw ctx.errors.Unwanted({});
    return { weights };
  },
);

/** Its steps have a StepFunction of their own. */
export const courier = process('courier', { input: z.object({ text: z.string().default('') }) }, async (ctx, { text }) => {
  const { copy } = await ctx.run('carry', async () => {
    (await import('./packages.ts')).packages.add(`${ctx.id} carried`);
    return { copy: text };
  });
  return { letters: copy.length };
});

export const shop = system('shop', { processes: [order, nap, pack, courier, views], services: [stock, people] });
