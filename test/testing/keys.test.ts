import { everyCrash, simulate } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { DriverFree, DriverMoved, ride, RideAsked, RideCancelled, rides, search, searches } from './rides.ts';

describe('correlation by key', () => {
  test('an event goes to each instance that waits for its key', async () => {
    const world = simulate(rides, { services: [] });
    await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 2 });
    await world.client.publish(RideAsked, { rideId: 'r-2', driverId: 'd-1', moves: 1 });
    await world.client.publish(RideAsked, { rideId: 'r-3', driverId: 'd-2', moves: 1 });
    await world.settle();
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'east' });
    await world.settle();
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'west' });
    await world.settle();
    expect(await world.client.result(ride, 'r-1')).toEqual({ places: ['east', 'west'], cancelled: false });
    expect(await world.client.result(ride, 'r-2')).toEqual({ places: ['east'], cancelled: false });
    expect((await world.client.describe(ride, 'r-3')).status).toBe('running');
  });

  test('events that come before an instance waits for their key are kept for the first one, at every crash point', async () => {
    await everyCrash(rides, { services: [] }, async (world) => {
      await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'east' });
      await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'west' });
      await world.settle();
      await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 3 });
      await world.settle();
      await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'north' });
      const { places } = await world.client.result(ride, 'r-1');
      expect(places.toSorted()).toEqual(['east', 'north', 'west']);
    });
  });

  test('an instance that ends unsubscribes, and the key is at rest', async () => {
    const world = simulate(rides, { services: [] });
    await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 1 });
    await world.settle();
    await world.client.publish(RideCancelled, { rideId: 'r-1' });
    await world.settle();
    expect(await world.client.result(ride, 'r-1')).toEqual({ places: [], cancelled: true });
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'east' });
    await world.settle();
    await world.client.publish(RideAsked, { rideId: 'r-2', driverId: 'd-1', moves: 1 });
    await world.settle();
    expect(await world.client.result(ride, 'r-2')).toEqual({ places: ['east'], cancelled: false });
  });

  test('an event of more than 100 KB reaches the instance that waits for its key', async () => {
    const world = simulate(rides, { services: [] });
    const place = 'x'.repeat(150_000);
    await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 2 });
    await world.client.publish(DriverMoved, { driverId: 'd-1', place });
    await world.settle();
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'west' });
    expect(await world.client.result(ride, 'r-1')).toEqual({ places: [place, 'west'], cancelled: false });
  });

  test('why names the key of each wait, also after an event and beside a time-out', async () => {
    const world = simulate(rides, { services: [] });
    await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 2 });
    await world.client.publish(RideAsked, { rideId: 'r-2', driverId: `d-${'2'.repeat(200)}`, moves: 2 });
    await world.settle();
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'east' });
    await world.settle();
    const { pending, why } = await world.client.describe(ride, 'r-1');
    expect(why).toContain(`waits for the event ${DriverMoved.type} with the key "d-1"`);
    expect(pending).toContainEqual(expect.objectContaining({ kind: 'event', key: 'd-1' }));
    expect((await world.client.describe(ride, 'r-2')).why).toContain(`with the key "d-${'2'.repeat(98)}…"`);
    const timed = simulate(searches, { services: [] });
    await timed.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 1 });
    await timed.settle();
    const waiting = await timed.client.describe(search, 'r-1');
    expect(waiting.why).toMatch(/^waits for the event drivers\.driver-free with the key "centre", gives up at /);
    expect(waiting.pending).toContainEqual(expect.objectContaining({ kind: 'timer', purpose: 'wait', key: 'centre' }));
  });

  test('a key is not listed among the instances', async () => {
    const world = simulate(rides, { services: [] });
    await world.client.publish(RideAsked, { rideId: 'r-1', driverId: 'd-1', moves: 2 });
    await world.settle();
    const listed: string[] = [];
    for await (const { id } of world.client.list()) listed.push(id);
    expect(listed).toEqual(['r-1']);
    const keys: string[] = [];
    for await (const { status } of world.client.list({ process: { name: 'tutti--key' } as never })) keys.push(status);
    expect(keys).toEqual(['running']);
  });

  test('one instance more than 100 that waits for a key is stuck, and waits after a resume', async () => {
    const world = simulate(rides, { services: [] });
    for (let i = 0; i <= 100; i += 1) await world.client.publish(RideAsked, { rideId: `r-${i}`, driverId: 'd-1', moves: 1 });
    await expect(world.settle()).rejects.toMatchObject({ code: 'KEY_TOO_WIDE' });
    const stuck: string[] = [];
    for await (const { id } of world.client.list({ status: 'stuck' })) stuck.push(id);
    expect(stuck).toHaveLength(1);
    const [id = ''] = stuck;
    await world.client.publish(RideCancelled, { rideId: id === 'r-0' ? 'r-1' : 'r-0' });
    await world.settle();
    await world.client.resume(ride, id, { reason: 'another one has left' });
    await world.settle();
    await world.client.publish(DriverMoved, { driverId: 'd-1', place: 'east' });
    expect(await world.client.result(ride, id)).toEqual({ places: ['east'], cancelled: false });
  });

  test("with deliver 'first', each event goes to one instance, at every crash point", async () => {
    await everyCrash(searches, { services: [] }, async (world) => {
      await world.client.publish(RideAsked, { rideId: 's-1', driverId: '', moves: 0 });
      await world.client.publish(RideAsked, { rideId: 's-2', driverId: '', moves: 0 });
      await world.settle();
      await world.client.publish(DriverFree, { zone: 'centre', driverId: 'd-1' });
      await world.settle();
      await world.client.publish(DriverFree, { zone: 'centre', driverId: 'd-2' });
      const found = [await world.client.result(search, 's-1'), await world.client.result(search, 's-2')];
      expect(new Set(found.map(({ driver }) => driver))).toEqual(new Set(['d-1', 'd-2']));
    });
  });
});
