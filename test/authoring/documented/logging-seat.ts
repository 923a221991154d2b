import * as z from 'zod';
import { command, event, process, service } from 'tutti';
import { serve } from 'tutti/service';

const SeatAsked = event('shop.seat-asked', z.object({ cartId: z.string(), flight: z.string() }));
const flights = service('seat-flights', {
  book: command({ input: z.object({ flight: z.string() }), output: z.object({ seat: z.string() }) }),
});
const airline = { book: async (_flight: string, _key: string) => ({ seat: '12A', ms: 40 }) };
const startOn = SeatAsked.byId(({ cartId }) => cartId);

// region log
export const loggedSeat = process('logged-seat', { startOn }, async (ctx, { flight }) => {
  const { seat } = await ctx.call(flights.book, { flight });
  ctx.log('info', 'a seat is booked', { flight, seat });
  return { seat };
});

export const handler = serve(flights, {
  book: async ({ flight }, task) => {
    const { seat, ms } = await airline.book(flight, task.commandId);
    if (ms > 1_000) task.log('warn', 'the airline is slow', { ms });
    return { seat };
  },
});
// endregion
