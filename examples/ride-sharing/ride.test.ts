import { ProcessFailed } from 'tutti';
import {
  answered,
  calls,
  completes,
  ended,
  everyCrash,
  given,
  happened,
  recordJournal,
  simulate,
  sleeps,
  starts,
  undoes,
  waits,
  type World,
} from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { paymentProvider } from '../foreign-systems/payment-provider.ts';
import { collectFare } from './collect-fare.ts';
import { CancelRide, CardChanged, DriverMoved, drivers, RideRequested, RiderDroppedOff, RiderPickedUp, type Place } from './contracts.ts';
import { driverApp, type Offer } from './drivers/driver-app.ts';
import { cancellationFee, fareFor, kilometresBetween } from './fares.ts';
import { ride } from './ride.ts';
import { services } from './services.ts';
import { rides } from './system.ts';

const at = '2026-12-24T18:00:00Z';
const rider = 'rita@example.com';
const request = { rideId: 'r-1', rider, card: 'tok_visa', from: { x: 0, y: 0 }, to: { x: 5, y: 0 } };
const ofRide = { rideId: 'r-1' };

beforeEach(() => placeForeignSystems('memory'));

const newWorld = (): World => simulate(rides, { at, services });
const journal = (name: string): URL => new URL(`journals/${name}.json`, import.meta.url);
const driversIn = (state: Parameters<typeof driverApp.in>[0]): readonly string[] => driverApp.in(state).map(({ driverId }) => driverId);
const offerTo = (driverId: string): Offer => driverApp.in('offered').find((offer) => offer.driverId === driverId)!;

const requested = async (world: World, more: Partial<typeof request> = {}): Promise<void> => {
  await world.client.publish(RideRequested, { ...request, ...more }, { id: 'requested' });
  await world.settle();
};
const accepts = async (world: World, driverId: string): Promise<void> => {
  const { rideId, token } = offerTo(driverId);
  driverApp.accept(rideId, driverId);
  await world.client.complete(drivers.offer, token, { driverId, car: driverApp.car(driverId) });
  await world.settle();
};
const declines = async (world: World, driverId: string): Promise<void> => {
  const { rideId, token } = offerTo(driverId);
  driverApp.decline(rideId, driverId);
  await world.client.fail(drivers.offer, token, drivers.offer.errors.Declined({}));
  await world.settle();
};
/** The tracker of a car publishes its place so many minutes after the beginning of the story. */
const moves = async (world: World, driverId: string, ...tracked: readonly (readonly [number, Place])[]): Promise<void> => {
  for (const [minute, place] of tracked) {
    const then = new Date(Date.parse(at) + minute * 60_000).toISOString();
    await world.client.publish(DriverMoved, { driverId, place, at: then }, { id: `${driverId}-${then}` });
    await world.settle();
  }
};
const cancels = async (world: World): Promise<number> => (await world.client.ask(ride, 'r-1', CancelRide, ofRide, { id: 'cancel' })).cents;

describe('the whole system', () => {
  test('a ride is offered to the near drivers at once, and the first to accept gets it', async () => {
    const world = newWorld();
    await requested(world);
    expect(driversIn('offered')).toEqual(['ada', 'ben']);
    await accepts(world, 'ben');
    expect(driversIn('withdrawn')).toEqual(['ada']);
    expect(await world.client.query(ride, 'r-1')).toEqual({ stage: 'coming', driver: 'ben' });
    expect(mail.to(rider)).toEqual(['ben comes in a red Golf.']);
  });

  test('an acceptance after that of a faster driver is taken back', async () => {
    const world = newWorld();
    await requested(world);
    const late = offerTo('ada');
    driverApp.accept('r-1', 'ada');
    await world.client.complete(drivers.offer, offerTo('ben').token, { driverId: 'ben', car: 'red Golf' });
    await world.client.complete(drivers.offer, late.token, { driverId: 'ada', car: 'blue Zoe' });
    await world.settle();
    expect(await world.client.query(ride, 'r-1')).toMatchObject({ driver: 'ben' });
    expect(driversIn('released')).toEqual(['ada']);
  });

  test('the next round asks the drivers of a wider circle, after a time or when all have declined', async () => {
    const world = newWorld();
    await requested(world);
    await declines(world, 'ada');
    await declines(world, 'ben');
    expect(driversIn('offered')).toEqual(['chloe']);
    await world.advance('3 minutes');
    expect(driversIn('withdrawn')).toEqual(['chloe']);
    expect(driversIn('offered')).toEqual(['dan']);
    await accepts(world, 'dan');
    expect(await world.client.query(ride, 'r-1')).toMatchObject({ driver: 'dan' });
  });

  test('a ride that no driver accepts fails, and the rider learns it', async () => {
    const world = newWorld();
    await requested(world);
    await world.advance('9 minutes');
    await expect(world.client.result(ride, 'r-1')).rejects.toMatchObject({ type: 'NoDriver', data: { asked: 4 } });
    expect(mail.to(rider)).toEqual(['Sorry, no driver is free.']);
    expect(driversIn('withdrawn')).toHaveLength(4);
    recordJournal(world, ride, 'r-1', journal('no-driver'));
  });

  test('a driver without a pick-up in half an hour loses the ride', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.advance('30 minutes');
    await expect(world.client.result(ride, 'r-1')).rejects.toMatchObject({ type: 'DriverLate' });
    expect(driversIn('released')).toEqual(['ada']);
    expect(mail.to(rider).at(-1)).toBe('Sorry, your driver does not come.');
  });

  test('a ride is paid by the kilometres between the places of its driver', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await moves(world, 'ada', [1, { x: 0.5, y: 0 }]);
    expect(await world.client.query(ride, 'r-1')).toEqual({ stage: 'coming', driver: 'ada', place: { x: 0.5, y: 0 } });
    await world.client.publish(RiderPickedUp, ofRide);
    await moves(world, 'ada', [5, { x: 2, y: 0 }], [6, { x: 2, y: 1 }], [9, { x: 5, y: 1 }]);
    expect(await world.client.query(ride, 'r-1')).toEqual({ stage: 'driving', driver: 'ada', place: { x: 5, y: 1 } });
    await world.client.publish(RiderDroppedOff, ofRide);
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'arrived', cents: 1_020, paid: true });
    expect(paymentProvider.balance()).toBe(1_020);
    expect(mail.to(rider).at(-1)).toBe('You have paid 10.20 EUR.');
    recordJournal(world, ride, 'r-1', journal('arrived'));
    recordJournal(world, collectFare, 'r-1', journal('paid'));
  });

  test('places from before the ride, of other drivers and in another order cost nothing', async () => {
    const world = newWorld();
    await moves(world, 'ada', [-2, { x: 90, y: 90 }], [-1, { x: 80, y: 80 }]);
    await requested(world);
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await moves(world, 'ben', [4, { x: 70, y: 70 }]);
    await moves(world, 'ada', [6, { x: 3, y: 0 }], [5, { x: 1, y: 0 }], [6, { x: 3, y: 0 }], [7, { x: 5, y: 0 }]);
    await world.client.publish(RiderDroppedOff, ofRide);
    expect(await world.client.result(ride, 'r-1')).toMatchObject({ cents: fareFor(5) });
  });

  test('two rides of one driver, one after the other, get the places of their own time', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await moves(world, 'ada', [2, { x: 1, y: 0 }]);
    await world.client.publish(RiderDroppedOff, ofRide);
    expect(await world.client.result(ride, 'r-1')).toMatchObject({ cents: fareFor(1) });
    await moves(world, 'ada', [3, { x: 50, y: 50 }]);
    await world.advance('10 minutes');
    await world.client.publish(RideRequested, { ...request, rideId: 'r-2' });
    await world.settle();
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, { rideId: 'r-2' });
    await moves(world, 'ada', [12, { x: 2, y: 0 }]);
    await world.client.publish(RiderDroppedOff, { rideId: 'r-2' });
    expect(await world.client.result(ride, 'r-2')).toMatchObject({ cents: fareFor(2) });
  });

  test('a cancellation before a driver has accepted costs nothing, and withdraws the offers', async () => {
    const world = newWorld();
    await requested(world);
    expect(await cancels(world)).toBe(0);
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'cancelled', cents: 0, paid: true });
    expect(driversIn('withdrawn')).toEqual(['ada', 'ben']);
    expect(mail.to(rider)).toEqual(['Your ride is cancelled.']);
    recordJournal(world, ride, 'r-1', journal('cancelled-early'));
  });

  test('a cancellation costs a fee from two minutes after the acceptance on, and the driver is released', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.advance('3 minutes');
    expect(await cancels(world)).toBe(500);
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'cancelled', cents: 500, paid: true });
    expect(driversIn('released')).toEqual(['ada']);
    expect(mail.to(rider)).toEqual(['ada comes in a blue Zoe.', 'Your ride is cancelled.', 'You have paid 5.00 EUR.']);
    recordJournal(world, ride, 'r-1', journal('cancelled-late'));
  });

  test('a cancellation in the car ends the ride there, and costs the kilometres so far', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await moves(world, 'ada', [5, { x: 2, y: 0 }]);
    expect(await cancels(world)).toBe(540);
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'ended early', cents: 540, paid: true });
    expect(driversIn('ended')).toEqual(['ada']);
  });

  test('a drop-off that comes before its pick-up is not lost', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.client.publish(RiderDroppedOff, ofRide);
    await world.advance('1 minute');
    await world.client.publish(RiderPickedUp, ofRide);
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'arrived', cents: 300, paid: true });
  });

  test('a cancellation of a ride that is over gets no fee', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await world.client.publish(RiderDroppedOff, ofRide);
    await world.settle();
    await expect(cancels(world)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(paymentProvider.balance()).toBe(300);
  });

  test('a ride whose card is declined waits for another card, and is paid with it', async () => {
    const world = newWorld();
    await requested(world, { card: 'tok_no_funds' });
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await world.client.publish(RiderDroppedOff, ofRide);
    await world.advance('5 hours');
    expect((await world.client.describe(ride, 'r-1')).status).toBe('running');
    expect(mail.to(rider).at(-1)).toBe('Your card was declined. Please name another one to pay 3.00 EUR.');
    await world.client.publish(CardChanged, { rideId: 'r-1', card: 'tok_amex' });
    await world.settle();
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'arrived', cents: 300, paid: true });
    recordJournal(world, collectFare, 'r-1', journal('other-card'));
  });

  test('a fare that is unpaid for three days ends the ride as unpaid', async () => {
    const world = newWorld();
    await requested(world, { card: 'tok_no_funds' });
    await accepts(world, 'ada');
    await world.client.publish(RiderPickedUp, ofRide);
    await world.client.publish(RiderDroppedOff, ofRide);
    await world.advance('3 days');
    expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'arrived', cents: 300, paid: false });
    await expect(world.client.result(collectFare, 'r-1')).rejects.toMatchObject({ type: 'Unpaid' });
    recordJournal(world, ride, 'r-1', journal('unpaid'));
  });

  test('a cancellation by an operator releases a driver that comes', async () => {
    const world = newWorld();
    await requested(world);
    await accepts(world, 'ada');
    await world.client.cancel(ride, 'r-1', 'the street is closed');
    await world.settle();
    expect((await world.client.describe(ride, 'r-1')).status).toBe('cancelled');
    expect(driversIn('released')).toEqual(['ada']);
    expect(mail.to(rider).at(-1)).toBe('Your ride is cancelled.');
  });
});

describe('at whatever point a worker is killed', { timeout: 120_000 }, () => {
  test('one driver gets the ride, and it is paid once', async () => {
    await everyCrash(rides, { at, services }, async (world) => {
      placeForeignSystems('memory');
      await requested(world);
      await accepts(world, 'ben');
      await world.client.publish(RiderPickedUp, ofRide, { id: 'picked-up' });
      await moves(world, 'ben', [10, { x: 2, y: 0 }]);
      await world.client.publish(RiderDroppedOff, ofRide, { id: 'dropped-off' });
      expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'arrived', cents: 540, paid: true });
      expect(driversIn('withdrawn')).toEqual(['ada']);
      expect(paymentProvider.balance()).toBe(540);
    });
  });

  test('a cancelled ride releases its driver, and its fee is paid once', async () => {
    await everyCrash(rides, { at, services }, async (world) => {
      placeForeignSystems('memory');
      await requested(world);
      await accepts(world, 'ada');
      await world.advance('5 minutes');
      expect(await cancels(world)).toBe(500);
      expect(await world.client.result(ride, 'r-1')).toEqual({ end: 'cancelled', cents: 500, paid: true });
      expect(driversIn('released')).toEqual(['ada']);
      expect(paymentProvider.balance()).toBe(500);
    });
  });
});

describe('one decision', () => {
  const near = answered(drivers.near, { driverIds: ['ada', 'ben'] });
  const bens = answered(drivers.offer, { driverId: 'ben', car: 'red Golf' }, { nth: 2 });

  test('the near drivers get an offer each', async () => {
    await given(ride, happened(RideRequested, request))
      .when(near)
      .expect(
        ...['ada', 'ben'].map((driverId) => calls(drivers.offer, { rideId: 'r-1', driverId, from: request.from, to: request.to })),
        waits(CancelRide),
        sleeps('3 minutes'),
      );
  });

  test('a late acceptance is undone', async () => {
    await given(ride, happened(RideRequested, request), near, bens)
      .when(answered(drivers.offer, { driverId: 'ada', car: 'blue Zoe' }))
      .expect(undoes(drivers.offer));
  });

  test('a ride that has arrived starts the collection of its fare', async () => {
    await given(ride, happened(RideRequested, request), near, bens, happened(RiderPickedUp, ofRide))
      .when(happened(RiderDroppedOff, ofRide))
      .expect(
        calls(drivers.end, { rideId: 'r-1', driverId: 'ben' }),
        starts(collectFare, { rideId: 'r-1', rider, card: 'tok_visa', cents: 300 }),
      );
  });

  test('a fare that is not paid ends the ride as unpaid', async () => {
    const unpaid = new ProcessFailed({ process: 'collect-fare', type: 'Unpaid', data: { cents: 300 } });
    const driven = [happened(RiderPickedUp, ofRide), happened(RiderDroppedOff, ofRide)];
    const adas = answered(drivers.offer, drivers.offer.errors.Declined({}));
    await given(ride, happened(RideRequested, request), near, adas, bens, ...driven)
      .when(ended(collectFare, unpaid))
      .expect(completes({ end: 'arrived', cents: 300, paid: false }));
  });
});

test('the fee depends on the time since the acceptance, and the fare on the kilometres', () => {
  const accepted = new Date(at);
  const after = (seconds: number): Date => new Date(accepted.getTime() + seconds * 1_000);
  expect([0, 120, 121].map((seconds) => cancellationFee(accepted, after(seconds)))).toEqual([0, 0, 500]);
  expect(kilometresBetween({ x: 0, y: 0 }, { x: -3, y: 4 })).toBe(7);
  expect([0, 7, 2.004].map(fareFor)).toEqual([300, 1_140, 540]);
});
