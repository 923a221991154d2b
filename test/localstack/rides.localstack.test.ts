import { aws, connect, type Client } from 'tutti/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { collectFare } from '../../examples/ride-sharing/collect-fare.ts';
import { CancelRide, drivers, type Place } from '../../examples/ride-sharing/contracts.ts';
import { ride } from '../../examples/ride-sharing/ride.ts';
import type { Deployment } from './outside/deployment.ts';
import { pidOf } from './outside/head.ts';
import { deedsFor, readLedger } from './outside/ledger.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { deployed, SUITE } from './suite-deployment.ts';
import { trials } from './systems/first-edition.ts';

// The rides have drivers of their own, so they run at the same time.
let suite: Deployment;
let client: Client;
const run = Date.now().toString(36);

beforeAll(async () => {
  suite = await deployed();
  client = connect(trials, aws({ name: SUITE }));
});

/** Requests a ride, and waits until both drivers have its offer. Returns the tokens by driver. */
async function offersOf(rideId: string): Promise<ReadonlyMap<string, string>> {
  const places = { from: { x: 0, y: 0 }, to: { x: 5, y: 0 } };
  await publish(suite, 'rides.ride-requested', { rideId, rider: 'rita@example.com', card: 'tok_1', ...places });
  return until(`two offers of ${rideId}`, async () => {
    const deeds = (await readLedger(suite)).filter(
      ({ key, what }) => key.startsWith(`${pidOf('ride', rideId)}/`) && what.startsWith('offer'),
    );
    const offers = new Map(deeds.map(({ what }) => what.split(' ').slice(1) as [string, string]));
    return offers.size === 2 && offers;
  });
}
const accept = (driverId: string, token: string | undefined): Promise<void> =>
  client.complete(drivers.offer, token ?? '', { driverId, car: 'red Golf' });

/** The engine has the place once the rider sees it. */
async function drive(rideId: string, driverId: string, place: Place): Promise<void> {
  await until(`${driverId} to come`, async () => (await client.query(ride, rideId)).driver === driverId);
  await publish(suite, 'drivers.rider-picked-up', { rideId });
  await until(`the rider of ${rideId} to be in the car`, async () => (await client.query(ride, rideId)).stage === 'driving');
  // Later than the acceptance, by any clock.
  await publish(suite, 'drivers.driver-moved', { driverId, place, at: new Date(Date.now() + 60_000).toISOString() });
  await until(`${driverId} to have moved`, async () => (await client.query(ride, rideId)).place?.x === place.x);
}

describe.concurrent('the rides of examples/ride-sharing', { timeout: 240_000 }, () => {
  test('a ride goes to the first driver to accept, the other one is released, and its fare is paid once', async () => {
    const rideId = `${run}-arrived`;
    const offers = await offersOf(rideId);
    await accept('ben', offers.get('ben'));
    await until('ben to come', async () => (await client.query(ride, rideId)).driver === 'ben');
    await accept('ada', offers.get('ada')).catch(() => undefined); // too late: refused if the offer is withdrawn already
    await drive(rideId, 'ben', { x: 2, y: 0 });
    await publish(suite, 'drivers.rider-dropped-off', { rideId });
    expect(await client.result(ride, rideId, { timeout: '2 minutes' })).toEqual({ end: 'arrived', cents: 540, paid: true });
    const deeds = (await readLedger(suite)).filter(({ key }) => key.startsWith(`${pidOf('ride', rideId)}/`)).map(({ what }) => what);
    expect(deeds.some((what) => what === 'withdraw ada' || what === 'release ada')).toBe(true);
    expect(deeds).not.toContain('release ben');
    expect(await deedsFor(suite, pidOf('collect-fare', rideId))).toContain('payments: charge');
    expect((await client.describe(collectFare, rideId)).parent).toEqual({ process: 'ride', id: rideId });
  });

  test('a rider in the car cancels, learns the fare so far, and pays it', async () => {
    const rideId = `${run}-ended-early`;
    const offers = await offersOf(rideId);
    await accept('ada', offers.get('ada'));
    await drive(rideId, 'ada', { x: 1, y: 1 });
    expect(await client.ask(ride, rideId, CancelRide, { rideId }, { timeout: '2 minutes' })).toEqual({ cents: 540 });
    expect(await client.result(ride, rideId, { timeout: '2 minutes' })).toEqual({ end: 'ended early', cents: 540, paid: true });
    await until('the meter of ada to have stopped', async () => (await deedsFor(suite, pidOf('ride', rideId))).includes('drivers: end'));
  });
});
