import { expect, test } from 'vitest';
import { Checkout, flights, hotels, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

const PID = 'default#trip#a';

test('a stuck instance and a service do not answer each other indefinitely', async () => {
  const trip = tripOf(async (ctx) => {
    await ctx.race({ booked: ctx.call(flights.book, { to: 'LIS' }), late: ctx.sleep('10 minutes') });
    await ctx.call(hotels.book, { to: 'Lisbon' });
  });
  const rig = new EngineRig([trip], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const [flight] = await rig.commands('flights');
  rig.clock.advance(11 * 60_000);
  await rig.purges();
  // The race is over when it comes, so what it leads to is that its own command is settled.
  await rig.answers(flight!, 'deferred', null);
  await rig.advance();
  const [settling] = await rig.commands('flights');
  const [room] = await rig.commands('hotels');
  await rig.answers(room!, 'unknown', null);
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'stuck' });
  await rig.answers(settling!, 'cancelled', null);
  await rig.advance();
  expect(await rig.commands('flights')).toEqual([]);
  expect(await rig.parking.parked(PID)).toHaveLength(1);
});
