import * as z from 'zod';
import { event, process, system } from 'tutti';

/** Seats whose process has steps of its own: one waits for its token, one fails after a payment, one cannot reach its partner. */
const SeatWanted = event('seats.seat-wanted', z.object({ id: z.string(), seat: z.string() }));

const bookSeat = process('book-seat', { startOn: SeatWanted.byId(({ id }) => id) }, async (ctx, { seat }) => {
  if (seat === 'taken') ctx.log('info', 'asks\u001b[31m\nforged');
  await ctx.run('charge', async () => ({ paymentId: `p-${seat}` }), { undo: async () => {} });
  return ctx.scope('trip', (ctx) =>
    ctx.run<{ number: number }>('book the seat', async (task) => {
      if (seat === 'taken') task.log('warn', 'no seat is left', { seat });
      if (seat === 'taken') throw task.fail('the seat is taken', { seat });
      if (seat === 'far') throw new TypeError('connect ECONNREFUSED');
      return seat === 'asked' ? task.defer() : { number: seat.length };
    }),
  );
});

export const seats = system('seats', { processes: [bookSeat], services: [] });
