import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Order = z.object({ order: z.string() });
const Reference = z.object({ reference: z.string() });

const bookable = () => {
  const undo = command({ input: Reference, timeout: '2 minutes' });
  const book = command({
    input: Order,
    output: Reference,
    timeout: '2 minutes',
    retry: { within: '1 hour' },
    undo: { command: undo, input: (_order, { reference }) => ({ reference }) },
  });
  return { book, undo };
};

const left = service('left', bookable());
const right = service('right', bookable());
const desk = service('desk', { finish: command({ input: Order, timeout: '2 minutes' }) });

const PairOrdered = event('shop.pair-ordered', Order);
const NoteOrdered = event('shop.note-ordered', Order);
const GiftOrdered = event('shop.gift-ordered', Order);
const RoundOrdered = event('shop.round-ordered', Order.extend({ isLast: z.boolean() }));
const RoundNoted = event('shop.round-noted', Order);
const Noted = event('shop.noted', z.object({ order: z.string(), note: z.string() }));
const Done = event('shop.done', Order);

const byOrder = ({ order }: { readonly order: string }): string => order;

/** Issues two commands at once and a third after both replies, then publishes an event and ends. */
const pair = process('pair', { startOn: PairOrdered.byId(byOrder), publishes: [Done] }, async (ctx, order) => {
  await Promise.all([ctx.call(left.book, order), ctx.call(right.book, order)]);
  await ctx.call(desk.finish, order);
  ctx.publish(Done, order);
});

/** Issues a command, then waits for an event, which may have come before the start. */
const note = process(
  'note',
  { startOn: NoteOrdered.byId(byOrder), receives: [Noted.byId(byOrder)], publishes: [Done] },
  async (ctx, order) => {
    await ctx.call(left.book, order);
    const noted = await ctx.waitFor(Noted, { timeout: '1 day' });
    if (noted) await ctx.call(desk.finish, { order: `${order.order} ${noted.note}` });
    ctx.publish(Done, order);
  },
);

/** A child that sends a command and ends in its first commit. */
const wrap = process('wrap', { input: Order }, async (ctx, order) => ctx.send(desk.finish, order));

/** Awaits a child. */
const gift = process('gift', { startOn: GiftOrdered.byId(byOrder), publishes: [Done] }, async (ctx, order) => {
  await ctx.child(wrap, order, { id: order.order });
  ctx.publish(Done, order);
});

/** Waits for an event, and continues as new once: its command moves to the second run. */
const round = process(
  'round',
  { startOn: RoundOrdered.byId(byOrder), receives: [RoundNoted.byId(byOrder)], publishes: [Done] },
  async (ctx, { order, isLast }) => {
    await ctx.waitFor(RoundNoted);
    if (isLast) return ctx.publish(Done, { order });
    ctx.send(desk.finish, { order });
    return ctx.continueAsNew({ order, isLast: true });
  },
);

/** The smallest system in which every part of the protocol can occur. */
export const shop = system('shop', { processes: [pair, note, gift, wrap, round], services: [left, right, desk] });
