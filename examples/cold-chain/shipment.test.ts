import { readFileSync } from 'node:fs';
import { answered, calls, everyCrash, given, happened, nothing, passed, recordJournal, simulate, sleeps, type World } from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { alerts, logistics, maintenance, Measured, ShipmentArrived, ShipmentLeft, type Place } from './contracts.ts';
import { planner } from './logistics/planner.ts';
import { tickets } from './maintenance/service.ts';
import { services } from './services.ts';
import { shipment } from './shipment.ts';
import { coldChain } from './system.ts';
import { isTooWarm, recent } from './warm-readings.ts';

/** Two hours before the beginning of the virtual time, so no reading is from the future. */
const START = '2025-12-31T22:00:00.000Z';
const POTSDAM: Place = { lat: 52.4, lon: 13 };
const MADRID: Place = { lat: 40.4, lon: -3.7 };
const ofShipment = { shipmentId: 'v-1' };

/** A reading that the sensor has taken so many minutes after the start. */
const reading = (minute: number, celsius: number, place = POTSDAM) => {
  const at = new Date(Date.parse(START) + minute * 60_000).toISOString();
  return { ...ofShipment, sensorId: 's-1', at, celsius, place };
};
const journal = (name: string): URL => new URL(`journals/${name}.json`, import.meta.url);
const alarms = (): readonly string[] => mail.to('quality@example.com');

const onItsWay = async (): Promise<World> => {
  const world = simulate(coldChain, { services });
  await world.client.publish(ShipmentLeft, ofShipment);
  return world;
};
const sends = async (world: World, ...readings: readonly ReturnType<typeof reading>[]): Promise<void> => {
  for (const each of readings) await world.client.publish(Measured, each);
  await world.settle();
};
const stateOf = (world: World) => world.client.query(shipment, 'v-1');

beforeEach(() => placeForeignSystems('memory'));

describe('three warm readings', () => {
  test('within ten minutes reroute the shipment to the nearest depot, and alert', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9), reading(5, 9));
    expect(alarms()).toEqual([]);
    await sends(world, reading(10, 9));
    expect(await stateOf(world)).toMatchObject({ status: 'rerouted', depot: 'Berlin' });
    expect(alarms()).toEqual(['v-1 is too warm: on its way to a depot.']);
    recordJournal(world, shipment, 'v-1', journal('rerouted'));
  });

  test('in more than ten minutes, and two with a cold one between them, change nothing', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9), reading(4, 7), reading(6, 9), reading(11, 9), reading(20, 9));
    expect(await stateOf(world)).toMatchObject({ status: 'fine' });
    expect(planner.reroutings()).toEqual([]);
  });

  test('reroute once in whatever order they come, and a reading that comes twice counts once', async () => {
    const [a, b, c] = [reading(0, 9), reading(4, 9), reading(8, 9)];
    for (const order of [
      [a, b, c],
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ] as const) {
      placeForeignSystems('memory');
      const world = await onItsWay();
      await sends(world, order[0], order[1], order[1], order[0]);
      expect((await stateOf(world)).status).toBe('fine');
      await sends(world, order[2], order[2]);
      expect(planner.reroutings()).toHaveLength(1);
      expect((await stateOf(world)).newest?.at).toBe(Date.parse(c.at));
    }
  });

  test('from before the rerouting, which come after it, are no second alarm', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9), reading(3, 9), reading(6, 9));
    await sends(world, reading(1, 9), reading(2, 9), reading(4, 9));
    expect(await stateOf(world)).toMatchObject({ status: 'rerouted' });
    expect(alarms()).toHaveLength(1);
  });

  test('after the rerouting spoil the shipment', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9), reading(3, 9), reading(6, 9));
    await world.advance('10 minutes');
    await sends(world, reading(121, 9), reading(122, 9), reading(123, 9));
    expect(await stateOf(world)).toMatchObject({ status: 'spoilt', depot: 'Berlin' });
    expect(alarms().at(-1)).toBe('v-1 is too warm again: do not deliver.');
  });

  test('far from every depot spoil the shipment', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9, MADRID), reading(3, 9, MADRID), reading(6, 9, MADRID));
    expect(await stateOf(world)).toMatchObject({ status: 'spoilt' });
    expect(alarms().at(-1)).toBe('v-1 is out of reach of every depot: do not deliver.');
    recordJournal(world, shipment, 'v-1', journal('spoilt'));
  });

  test('of a sensor whose clock is a day ahead count as of now', async () => {
    const world = await onItsWay();
    await sends(world, reading(1_560, 9), reading(1_561, 9), reading(1_562, 9));
    expect((await stateOf(world)).newest?.at).toBe(Date.parse('2026-01-01T00:00:00.000Z'));
    expect(planner.reroutings()).toHaveLength(1);
  });
});

describe('silence', () => {
  test('of half an hour opens a ticket, each reading moves it, and the next reading ends it', async () => {
    const world = await onItsWay();
    await world.advance('20 minutes');
    await sends(world, reading(140, 4));
    await world.advance('29 minutes');
    expect(tickets.entries()).toEqual([]);
    await world.advance('1 minute');
    expect(world.calls(maintenance.inspect)).toEqual([{ shipmentId: 'v-1', lastPlace: POTSDAM }]);
    expect((await stateOf(world)).silent).toBe(true);
    await sends(world, reading(171, 4));
    expect((await stateOf(world)).silent).toBe(false);
    await world.client.publish(ShipmentArrived, ofShipment);
    await world.advance('1 day');
    expect(tickets.entries()).toHaveLength(1);
    recordJournal(world, shipment, 'v-1', journal('silent'));
  });

  test('from the departure on opens a ticket, without a place', async () => {
    const world = await onItsWay();
    await world.advance('30 minutes');
    expect(world.calls(maintenance.inspect)).toEqual([{ shipmentId: 'v-1' }]);
  });

  test('is not ended by a reading from before it', async () => {
    const world = await onItsWay();
    await sends(world, reading(110, 4));
    await world.advance('20 minutes');
    await sends(world, reading(105, 4), reading(100, 4));
    await world.advance('10 minutes');
    expect(tickets.entries()).toHaveLength(1);
  });
});

describe('an arrival', () => {
  test('ends the instance, and readings after it are dropped', async () => {
    const world = await onItsWay();
    await sends(world, reading(0, 9), reading(3, 9));
    await world.client.publish(ShipmentArrived, ofShipment);
    await sends(world, reading(6, 9));
    expect(await world.client.result(shipment, 'v-1')).toEqual({ status: 'fine' });
    expect(planner.reroutings()).toEqual([]);
    recordJournal(world, shipment, 'v-1', journal('arrived'));
  });
});

test('the shipments of readings.jsonl end as README.md describes', async () => {
  const world = simulate(coldChain, { at: '2026-01-12T11:00:00Z', services });
  for (const line of readFileSync(new URL('readings.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    const { type, data } = JSON.parse(line) as { type: string; data: ReturnType<typeof reading> };
    const event = [ShipmentLeft, ShipmentArrived].find((each) => each.type === type);
    await (event === undefined ? world.client.publish(Measured, data) : world.client.publish(event, data));
    await world.settle();
  }
  await world.advance('1 hour');
  expect(await world.client.query(shipment, 'vaccine-1')).toMatchObject({ status: 'rerouted', depot: 'Berlin' });
  expect(await world.client.query(shipment, 'vaccine-2')).toMatchObject({ status: 'spoilt', silent: true });
  expect(await world.client.query(shipment, 'vaccine-3')).toMatchObject({ status: 'fine', silent: true });
  expect(await world.client.result(shipment, 'vaccine-4')).toEqual({ status: 'fine' });
});

test('a shipment is rerouted once and reported silent once, after a crash at any step', async () => {
  await everyCrash(coldChain, { services }, async (world) => {
    placeForeignSystems('memory');
    for (const minute of [0, 6, 3]) await world.client.publish(Measured, reading(minute, 9));
    await world.advance('1 hour');
    await world.client.publish(ShipmentArrived, ofShipment, { id: 'arrived' });
    expect(await world.client.result(shipment, 'v-1')).toEqual({ status: 'rerouted', depot: 'Berlin' });
    expect(planner.reroutings()).toHaveLength(1);
    expect(alarms()).toHaveLength(1);
    expect(tickets.entries()).toHaveLength(1);
  });
});

describe('one decision', () => {
  const warm = [reading(0, 9), reading(3, 9), reading(6, 9)].map((each) => happened(Measured, each));

  test('the third warm reading alerts and reroutes', async () => {
    await given(shipment, warm[0]!, warm[1]!)
      .when(warm[2]!)
      .expect(
        sleeps('30 minutes'),
        calls(alerts.raise, { shipmentId: 'v-1', text: 'too warm: on its way to a depot' }),
        calls(logistics.reroute, { shipmentId: 'v-1', place: POTSDAM }),
      );
  });

  test('a fourth one while the shipment is rerouted only moves the timer', async () => {
    await given(shipment, ...warm)
      .when(happened(Measured, reading(7, 9)))
      .expect(sleeps('30 minutes'));
    await given(shipment, ...warm)
      .when(answered(logistics.reroute, { depot: 'Berlin' }))
      .expect(nothing());
  });

  test('half an hour without a reading calls maintenance', async () => {
    await given(shipment, happened(ShipmentLeft, ofShipment))
      .when(passed('30 minutes'))
      .expect(calls(maintenance.inspect, { shipmentId: 'v-1' }));
  });
});

test('three instants within ten minutes are too warm, and older than an hour they are forgotten', () => {
  const minutes = (...each: readonly number[]): readonly number[] => each.map((minute) => minute * 60_000);
  expect([minutes(0, 5), minutes(0, 5, 10), minutes(0, 5, 10.1), minutes(0, 9, 12, 19)].map(isTooWarm)).toEqual([false, true, false, true]);
  expect(recent(minutes(90, 20, 40, 30))).toEqual(minutes(40, 90));
});
