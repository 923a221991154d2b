import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * A leg of a tour. `book` and `both` call commands with an undo, `price` one without, `tell` is fire and forget. `caught` undoes its
 * bookings if one of them is refused, and goes on.
 */
export type Leg =
  | { readonly kind: 'book'; readonly does: Does }
  | { readonly kind: 'both' | 'caught'; readonly does: readonly Does[] }
  | { readonly kind: 'price' | 'tell' | 'fail' }
  | { readonly kind: 'sleep' | 'word' | 'key'; readonly seconds: number };

export const DOES = ['ok', 'slow', 'refuse'] as const;
export type Does = (typeof DOES)[number];

const Booking = z.object({ does: z.enum(DOES) });
const Booked = z.object({ booking: z.string() });
const unbook = command({ input: Booked, timeout: '30 days' });
export const agency = service('agency', {
  unbook,
  book: command({
    input: Booking,
    output: Booked,
    errors: { Refused: z.object({}) },
    undo: { command: unbook, input: (_input, { booking }) => ({ booking }) },
    timeout: '30 days',
  }),
  price: command({ input: z.object({}), output: z.object({ price: z.int() }), timeout: '30 days' }),
  tell: command({ input: z.object({ tour: z.string() }), timeout: '30 days' }),
});

const Ordered = event('tours.ordered', z.object({ id: z.string(), legs: z.json() }));
const Word = event('tours.word', z.object({ id: z.string() }));
export const Moved = event('tours.moved', z.object({ key: z.string() }));
export const KEY = 'bus';

/** The result names the commands of the bookings that it keeps. */
const tour = process(
  'tour',
  {
    startOn: Ordered.byId(({ id }) => id),
    receives: [Word.byId(({ id }) => id), Moved.byKey(({ key }) => key)],
    errors: { Broken: z.object({}) },
  },
  async (ctx, { legs }) => {
    const bookings: string[] = [];
    for (const leg of legs as unknown as readonly Leg[])
      switch (leg.kind) {
        case 'book':
          bookings.push((await ctx.call(agency.book, { does: leg.does })).booking);
          break;
        case 'both':
          bookings.push(...(await Promise.all(leg.does.map((does) => ctx.call(agency.book, { does })))).map(({ booking }) => booking));
          break;
        case 'caught': {
          const outcome = ctx.scope('caught', (inner) => Promise.all(leg.does.map((does) => inner.call(agency.book, { does }))));
          const booked = await outcome.catch((error: unknown) => {
            if (agency.book.failed(error)) return [];
            throw error;
          });
          bookings.push(...booked.map(({ booking }) => booking));
          break;
        }
        case 'price':
          await ctx.call(agency.price, {});
          break;
        case 'tell':
          ctx.send(agency.tell, { tour: ctx.id });
          break;
        case 'sleep':
          await ctx.sleep(`${leg.seconds} seconds`);
          break;
        case 'word':
          await ctx.waitFor(Word, { timeout: `${leg.seconds} seconds` });
          break;
        case 'key':
          await ctx.waitFor(Moved, { key: KEY, timeout: `${leg.seconds} seconds` });
          break;
        case 'fail':
          throw ctx.errors.Broken({});
      }
    return { bookings };
  },
);

export const tours = system('tours', { processes: [tour], services: [agency] });
