import { isMainThread } from 'node:worker_threads';
import * as z from 'zod';
import { event, process, system } from 'tutti';

/** A process whose engine runs in a thread that imports this module too. Its steps note where they run. */
export const SeatAsked = event('seats.seat-asked', z.object({ id: z.string(), seat: z.string() }));

const note = (text: string): void => {
  (globalThis as { threadsOfSteps?: string[] }).threadsOfSteps?.push(text);
};

export const bookSeat = process('book-seat', { startOn: SeatAsked.byId(({ id }) => id) }, async (ctx, { seat }) => {
  const engineOnMain = isMainThread;
  ctx.log('info', 'asks', { seat });
  const { paid } = await ctx.run('charge', async () => {
    note(`charge ${seat}`);
    return { paid: `p-${seat}` };
  });
  const booked = await ctx.run('book', async (task) => {
    note(`book ${seat} after ${paid}`);
    task.log('warn', 'books', { seat });
    return { seat };
  });
  return { engineOnMain, seat: booked.seat, paid };
});

export const threadedSeats = system('threaded-seats', { processes: [bookSeat], services: [] });
