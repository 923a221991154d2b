import * as z from 'zod';
import { command, decider, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';

export const OrderPlaced = event('shop.order-placed', z.object({ orderId: z.string(), item: z.string() }));
export const NoteAdded = event('shop.note-added', z.object({ orderId: z.string(), text: z.string() }));
export const Viewed = event('shop.viewed', z.object({ userId: z.string(), item: z.string() }), {
  dedupeBy: ({ userId, item }) => `${userId}:${item}`,
});

const giveBack = command({ input: z.object({ item: z.string() }) });
export const stock = service('stock', {
  take: command({
    input: z.object({ item: z.string() }),
    output: z.object({ shelf: z.string() }),
    errors: { NoneLeft: z.object({ item: z.string() }) },
    undo: { command: giveBack, input: ({ item }) => ({ item }) },
  }),
  giveBack,
});
export const people = service('people', {
  approve: command({ input: z.object({ item: z.string() }), output: z.object({ by: z.string() }), errors: { Refused: z.object({}) } }),
});

/** Whether the code of `order` is fixed. Until then, an order of a `bug` gets stuck. */
export const code = { mended: false };

/** Takes the item, sets the view, and waits for a note. */
export const order = process(
  'order',
  {
    startOn: OrderPlaced.byId(({ orderId }) => orderId),
    receives: [NoteAdded.byId(({ orderId }) => orderId)],
    errors: { NotToBeHad: z.object({ item: z.string() }) },
    view: z.object({ shelf: z.string() }),
  },
  async (ctx, { item }) => {
    if (item === 'bug' && !code.mended) throw new TypeError('the code is wrong');
    const taken = await ctx.try(stock.take, { item });
    if (stock.take.failed(taken)) throw ctx.errors.NotToBeHad({ item });
    ctx.view({ shelf: taken.shelf });
    const { text } = await ctx.waitFor(NoteAdded);
    return { shelf: taken.shelf, text };
  },
);

/** Only a client starts it; its id may run again. */
export const approval = process(
  'approval',
  { input: z.object({ item: z.string(), long: z.string().default('') }), onOpen: 'attach', onClosed: 'restart' },
  async (ctx, { item }) => ctx.call(people.approve, { item }),
);

export const views = decider('views', { state: z.object({ count: z.int() }), initial: () => ({ count: 0 }) }).on(
  Viewed.byId(({ userId }) => userId),
  ({ count }) => ({ count: count + 1 }),
);

export const shop = system('shop', { processes: [order, approval, views], services: [stock, people] });

/** Tokens of the deferred approvals, by item. */
export const desk = new Map<string, string>();

export const stockHandler = serve(stock, {
  take: async ({ item }, task) => {
    if (item === 'nothing') throw task.errors.NoneLeft({ item });
    return { shelf: `shelf of ${item}` };
  },
  giveBack: async () => {},
});

export const peopleHandler = serve(people, {
  approve: async ({ item }, task) => {
    desk.set(item, task.token);
    return task.defer();
  },
});
