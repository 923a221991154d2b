import { expect, test } from 'vitest';
import { Checkout, flights, hotels, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

test('an answer of a service that a warm copy has not asked yet is judged by the head that was read', async () => {
  const trip = tripOf(async (ctx) => {
    await ctx.waitFor(Nudge);
    await ctx.call(hotels.book, { to: 'Lisbon' });
    await ctx.call(flights.book, { to: 'Lisbon' });
  });
  const warm = new EngineRig([trip], services);
  warm.happens(Checkout, { id: 'a' });
  await warm.advance();
  const other = new EngineRig([trip], services, { store: warm.store, random: 0.25 });
  other.happens(Nudge, { id: 'a' });
  await other.advance();
  const [book] = await other.commands('hotels');
  await warm.answers(book!, 'completed', { reference: 'h' });
  await warm.advance();
  expect(await warm.parking.parked('default#trip#a')).toEqual([]);
  expect(await warm.commands('flights')).toHaveLength(1);
});
