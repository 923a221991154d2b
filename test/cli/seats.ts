import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';

/** A system for command-line tests: a seat is booked at once, by an operator, or not at all. */
const SeatWanted = event('seats.seat-wanted', z.object({ id: z.string(), seat: z.string() }));
const Confirmed = event('seats.confirmed', z.object({ id: z.string() }));

const desk = service('desk', {
  book: command({
    input: z.object({ seat: z.string() }),
    output: z.object({ number: z.int() }),
    errors: { Taken: z.object({ seat: z.string() }) },
  }),
});

const bookSeat = process(
  'book-seat',
  { startOn: SeatWanted.byId(({ id }) => id), receives: [Confirmed.byId(({ id }) => id)], view: z.object({ stage: z.string() }) },
  async (ctx, { seat }) => {
    if (seat === 'bug') throw new TypeError('no such row');
    ctx.tag({ seat });
    ctx.view({ stage: 'booking' });
    const { number } = await ctx.call(desk.book, { seat });
    if (seat === 'on hold') await ctx.waitFor(Confirmed);
    return { number };
  },
);

export const seats = system('seats', { processes: [bookSeat], services: [desk] });

export const services = [
  serve(desk, {
    book: async ({ seat }, task) => {
      if (seat === 'taken') throw task.errors.Taken({ seat });
      return { number: seat.length };
    },
  }),
];
