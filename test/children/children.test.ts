import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { command, event, process, service, system } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { everyCrash, type World } from '../../lib/testing/index.ts';

const Go = event('trips.go', z.object({ hotel: z.string() }));

const hotels = service('hotels', {
  cancel: command({ input: z.object({ room: z.string() }) }),
  book: command({ input: z.object({ hotel: z.string() }), output: z.object({ room: z.string() }), errors: { Full: z.object({}) } }),
});

const log: string[] = [];
const handler = serve(hotels, {
  book: async ({ hotel }, task) => {
    if (hotel === 'full') throw task.errors.Full({});
    return { room: `${hotel}-1` };
  },
  cancel: async ({ room }) => {
    log.push(`cancelled ${room}`);
  },
});

const bookHotel = process(
  'book-hotel',
  { input: z.object({ hotel: z.string() }), errors: { NoRoom: z.object({ hotel: z.string() }) }, receives: [Go.byId((go) => go.hotel)] },
  async (ctx, { hotel }) => {
    if (hotel === 'slow') await ctx.sleep('3 hours');
    if (hotel === 'never') await ctx.waitFor(Go);
    const booked = await ctx.try(hotels.book, { hotel });
    if (hotels.book.failed(booked)) throw ctx.errors.NoRoom({ hotel });
    return booked;
  },
);

const trip = process('trip', { input: z.object({ hotels: z.array(z.string()) }), onClosed: 'restart' }, async (ctx, input) => {
  const rooms = await Promise.all(input.hotels.map((hotel) => ctx.child(bookHotel, { hotel })));
  return rooms.map(({ room }) => room);
});

const careful = process('careful', { input: z.object({ hotel: z.string(), id: z.string() }) }, async (ctx, { hotel, id }) => {
  try {
    return (await ctx.child(bookHotel, { hotel }, { id })).room;
  } catch (error) {
    if (bookHotel.failed(error)) return error.type === 'NoRoom' ? `no room in ${error.data.hotel}` : error.data.reason;
    throw error;
  }
});

const hasty = process('hasty', { input: z.object({ hotel: z.string() }) }, async (ctx, { hotel }) => {
  const { winner } = await ctx.race({ room: ctx.child(bookHotel, { hotel }, { id: 'raced' }), late: ctx.sleep('1 hour') });
  return winner;
});

const leaving = process('leaving', { input: z.object({ hotel: z.string() }) }, async (ctx, { hotel }) => {
  ctx.detach(ctx.child(bookHotel, { hotel }, { id: 'left' }));
  return 'left';
});

const release = process('release', { input: z.object({ room: z.string() }) }, async (ctx, { room }) => ctx.send(hotels.cancel, { room }));

const releasing = process('releasing', { input: z.object({ room: z.string() }) }, async (ctx, room) => {
  await ctx.child(release, room, { id: 'released' });
});

const travel = system('travel', { processes: [bookHotel, trip, careful, hasty, leaving, release, releasing], services: [hotels] });

const surviving = (story: (world: World) => Promise<void>): Promise<void> => everyCrash(travel, { services: [handler] }, story);

describe('a child', () => {
  test('runs beside others and gives its result to its parent', () =>
    surviving(async (world) => {
      await world.client.start(trip, { hotels: ['a', 'b'] }, { id: 't-1' });
      expect(await world.client.result(trip, 't-1')).toEqual(['a-1', 'b-1']);
      expect(await world.client.result(bookHotel, 't-1.1')).toEqual({ room: 'a-1' });
    }));

  test('rejects with its declared failure', () =>
    surviving(async (world) => {
      await world.client.start(careful, { hotel: 'full', id: 'h-1' }, { id: 'c-1' });
      expect(await world.client.result(careful, 'c-1')).toBe('no room in full');
    }));

  test('rejects if its id is open, and if it is used by another parent', () =>
    surviving(async (world) => {
      await world.client.start(bookHotel, { hotel: 'slow' }, { id: 'h-1' });
      await world.client.start(careful, { hotel: 'a', id: 'h-1' }, { id: 'c-1' });
      expect(await world.client.result(careful, 'c-1')).toBe('the id h-1 is taken by another book-hotel');
      await world.client.result(bookHotel, 'h-1');
      await world.client.start(careful, { hotel: 'a', id: 'h-1' }, { id: 'c-2' });
      expect(await world.client.result(careful, 'c-2')).toBe('the id h-1 is taken by another book-hotel');
    }));

  test('begins again under the id that an earlier run of its parent has used', () =>
    surviving(async (world) => {
      for (const hotel of ['a', 'b']) {
        await world.client.start(trip, { hotels: [hotel] }, { id: 't-1' });
        expect(await world.client.result(trip, 't-1')).toEqual([`${hotel}-1`]);
      }
    }));

  test('is cancelled when it loses a race, before its parent goes on to its end', () =>
    surviving(async (world) => {
      await world.client.start(hasty, { hotel: 'slow' }, { id: 'x-1' });
      expect(await world.client.result(hasty, 'x-1')).toBe('late');
      await expect(world.client.result(bookHotel, 'raced')).rejects.toMatchObject({ code: 'CANCELLED' });
    }));

  test('is cancelled with its parent', () =>
    surviving(async (world) => {
      await world.client.start(trip, { hotels: ['never'] }, { id: 't-1' });
      await world.client.cancel(trip, 't-1', 'rain');
      await expect(world.client.result(trip, 't-1')).rejects.toMatchObject({ code: 'CANCELLED' });
      expect((await world.client.describe(bookHotel, 't-1.1')).status).toBe('cancelled');
    }));

  test('sends its commands if it ends in its first commit', () =>
    surviving(async (world) => {
      log.length = 0;
      await world.client.start(releasing, { room: 'a-1' }, { id: 'r-1' });
      await world.client.result(releasing, 'r-1');
      await world.settle();
      expect(log).toContain('cancelled a-1');
    }));

  test('outlives its parent when it is detached', () =>
    surviving(async (world) => {
      await world.client.start(leaving, { hotel: 'slow' }, { id: 'l-1' });
      expect(await world.client.result(leaving, 'l-1')).toBe('left');
      expect(await world.client.result(bookHotel, 'left')).toEqual({ room: 'slow-1' });
    }));
});
