import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { system, type AnyProcess, type System } from 'tutti';
import { serve, type Served } from 'tutti/service';
import { scripted, simulate, type World } from 'tutti/testing';
import { Asked, assistant, model, modelService } from './documented/assistant.ts';
import { carrierService, NotSent } from './documented/carrier-service.ts';
import { Arrived, coldChain, Measured } from './documented/cold-chain.ts';
import { Address, carrier, OrderCancelled, OrderPlaced, payments } from './documented/contracts.ts';
import { deliver } from './documented/deliver.ts';
import { deliverStory } from './documented/deliver-story.ts';
import { encode, encoders, index, Uploaded } from './documented/encode.ts';
import { fleet, load, survey } from './documented/fleet.ts';
import { paidSeat, seatOrStandby, SeatWanted } from './documented/paid-seat.ts';
import { done } from './documented/partners.ts';
import { cancelOrder, placeOrder, shop } from './documented/program.ts';
import { DriverMoved, followDriver, RideBegan } from './documented/follow-driver.ts';
import { measuredSeats, runs } from './documented/measured.ts';
import { month, MonthBegan, PlanChanged } from './documented/month.ts';
import { report, reports } from './documented/nightly.ts';
import { quoted } from './documented/quoted.ts';
import { reminder } from './documented/reminder.ts';
import { bureau, scored } from './documented/scored.ts';
import { cancelRide, ride, RideOrdered } from './documented/ride.ts';
import { Left, Paused, pausing, PeriodBegan, Resumed, subscription } from './documented/subscription.ts';

const page = readFileSync(new URL('../../docs/authoring.md', import.meta.url), 'utf8');

/** The lines between `// region name` and `// endregion`, without their common indentation. */
const region = (file: string, name: string): string => {
  const text = readFileSync(new URL(`./documented/${file}`, import.meta.url), 'utf8');
  const [, indent = '', code = ''] = new RegExp(`^( *)// region ${name}\\n([\\s\\S]*?)^ *// endregion$`, 'm').exec(text) ?? [];
  return code.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
};

describe('docs/authoring.md', () => {
  const blocks = [...page.matchAll(/```ts\n\/\/ (\S+\.ts), ([\w ]+)\n([\s\S]*?)```/g)].map(([, file = '', name = '', code = '']) => [
    file,
    name,
    code,
  ]);

  /** A block that names a file alone is the whole file. */
  const files = [...page.matchAll(/```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```/g)].map(([, file = '', code = '']) => [file, code]);

  test('shows only code that is compiled and run here', () => {
    expect(page.match(/^```ts$/gm)).toHaveLength(blocks.length + files.length);
    expect(files).toEqual(files.map(([file = '']) => [file, readFileSync(new URL(`./documented/${file}`, import.meta.url), 'utf8')]));
    expect(blocks.map(([file = '', name = '', code]) => [`${file}, ${name}`, code])).toEqual(
      blocks.map(([file = '', name = '']) => [`${file}, ${name}`, region(file, name)]),
    );
  });

  test('has no line of more than 120 characters', () => {
    expect(page.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});

test('a bureau is asked ten times a second for each account', async () => {
  const scores = scripted(bureau, { score: async () => ({ score: 7 }) });
  const world = simulate(system('lending', { processes: [scored], services: [bureau] }), { services: [scores] });
  for (let n = 0; n < 25; n += 1) await world.client.start(scored, { account: n < 24 ? 'a' : 'b', customer: `c-${n}` }, { id: `c-${n}` });
  await world.settle();
  expect(world.calls(bureau.score)).toHaveLength(11);
  expect((await world.client.describe(scored, 'c-23')).why).toMatch(
    /in the queue of bureau \(limited to 10 per second and 4 at once for each key\) or running.*it waits for its limit of .*, here "a"$/,
  );
  // Four at once: a batch of ten needs three turns.
  await world.advance('1.5 seconds');
  expect(world.calls(bureau.score)).toHaveLength(21);
  await world.advance('2 seconds');
  expect(await world.client.result(scored, 'c-23')).toEqual({ score: 7 });
});

test('a ride follows the driver that it names', async () => {
  const world = simulate(system('rides', { processes: [followDriver], services: [] }), { services: [] });
  await world.client.publish(RideBegan, { rideId: 'r-1', driverId: 'd-1' });
  for (const place of ['station', 'airport']) await world.client.publish(DriverMoved, { driverId: 'd-1', place });
  expect(await world.client.result(followDriver, 'r-1')).toEqual({ arrived: true });
});

test('two uploads of one owner are encoded at once, and indexed together', async () => {
  const lists: (readonly string[])[] = [];
  const busy = new Set<string>();
  const services = [
    scripted(encoders, {
      encode: async ({ file }) => void busy.add(file),
      index: async ({ files }) => void lists.push(files),
    }),
  ];
  const world = simulate(system('media', { processes: [encode, index], services: [encoders] }), { services });
  for (const file of ['a', 'b', 'c']) await world.client.publish(Uploaded, { file, owner: 'ann' });
  await world.advance('1 minute');
  expect(busy).toEqual(new Set(['a', 'b', 'c']));
  expect(lists).toEqual([['a', 'b', 'c']]);
});

const shopWith = (processes: Parameters<typeof system>[1]['processes']): System<'shop'> =>
  system('shop', { processes, services: [payments, carrier] });

const paid = scripted(payments, { charge: async () => ({ paymentId: 'p-1' }), refund: async () => {} });
const order = { orderId: 'o-1', kg: 2, total: 7_000 };

const delivering = async (...services: readonly Served[]): Promise<World> => {
  const world = simulate(shopWith([deliver]), { services });
  await world.client.publish(OrderPlaced, order);
  await world.settle();
  return world;
};

describe('deliver', () => {
  test('accepts changes until its deadline, then pays once for the changed order', async () => {
    await deliverStory();
    expect.hasAssertions();
  });

  test('ends at once when it is cancelled, and pays nothing', async () => {
    const world = await delivering(paid);
    await world.client.publish(OrderCancelled, { orderId: 'o-1' });
    await world.settle();
    expect(await world.client.result(deliver, 'o-1')).toEqual({ delivered: false });
    expect(world.calls(payments.charge)).toEqual([]);
  });

  test('fails without a payment if the total is negative', async () => {
    const world = simulate(shopWith([deliver]), { services: [paid] });
    await world.client.publish(OrderPlaced, { ...order, total: -1 });
    await world.advance('4 hours');
    const failure: unknown = await world.client.result(deliver, 'o-1').catch((error: unknown) => error);
    expect(deliver.failed(failure) && [failure.type, failure.message, failure.data]).toEqual([
      'Other',
      'The process deliver failed: the total is negative.',
      { reason: 'the total is negative', data: { total: -1 } },
    ]);
    expect(world.calls(payments.charge)).toEqual([]);
  });

  test('requests a price three times, then continues with its own price', async () => {
    let asked = 0;
    const down = scripted(carrier, {
      quote: async () => {
        asked += 1;
        throw new Error('connect ECONNREFUSED');
      },
      pickUp: async () => ({ pickUpId: 'u-1' }),
    });
    const world = await delivering(paid, down);
    world.expectFaults(carrier.quote);
    await world.advance('4 hours');
    expect(await world.client.result(deliver, 'o-1')).toEqual({ delivered: true, price: 900 });
    expect(asked).toBe(3);
  });
});

test('a route places an order, reports its stage, joins it on a repeated request, and cancels it', async () => {
  const world = simulate(shop, { services: [paid] });
  expect(await placeOrder(world.client, order)).toBe('order o-1 is open');
  expect(await placeOrder(world.client, order)).toBe('order o-1 is open');
  await cancelOrder(world.client, 'o-1');
  await world.settle();
  expect(await world.client.result(deliver, 'o-1')).toEqual({ delivered: false });
});

describe('the handlers of the carrier', () => {
  const api = { quote: async () => ({ status: 200, price: 450 }), book: async () => ({ id: 'u-1' }), cancel: async () => {} };

  test('a busy carrier is called again later, without a limit of attempts', async () => {
    let busy = 5;
    const service = carrierService({ ...api, quote: async () => ({ status: (busy -= 1) >= 0 ? 429 : 200, price: 450 }) });
    const world = await delivering(paid, service);
    await world.advance('4 hours');
    expect(await world.client.result(deliver, 'o-1')).toEqual({ delivered: true, price: 450 });
    expect(busy).toBe(-1);
  });

  test('a request that was not sent had definitely no effect, so at the limit the process fails and the payment is undone', async () => {
    let tries = 0;
    const service = carrierService({
      ...api,
      book: async () => {
        tries += 1;
        throw new NotSent('no network');
      },
    });
    const world = await delivering(paid, service);
    world.expectFaults(carrier.pickUp);
    await world.advance('5 hours');
    expect((await world.client.describe(deliver, 'o-1')).status).toBe('failed');
    expect(tries).toBe(5);
    expect(world.calls(payments.refund)).toEqual([{ paymentId: 'p-1' }]);
  });
});

test('a model learns that a tool call does not fit, corrects it, and gets the price', async () => {
  const said = [
    { text: '', calls: [{ name: 'release', input: { pickUpId: 'u-1' } }] },
    { text: '', calls: [{ name: 'quote', input: { kg: 'two' } }] },
    { text: '', calls: [{ name: 'quote', input: { kg: 2 } }] },
    { text: 'It costs 4.50.', calls: [] },
  ];
  const api = {
    complete: async ({ turns, tools }: Parameters<Parameters<typeof modelService>[0]['complete']>[0]) => {
      expect(tools.map(({ name, description }) => `${name}: ${description}`)).toEqual([
        'pickUp: carrier.pickUp',
        'quote: Gives the price of a parcel by its weight.',
      ]);
      return said[turns.length - 1]!;
    },
  };
  const services = [modelService(api), scripted(carrier, { quote: async () => ({ price: 450 }) })];
  const world = simulate(system('desk', { processes: [assistant], services: [model, carrier] }), { services });
  await world.client.publish(Asked, { chat: 'c-1', text: 'What does a parcel of 2 kg cost?' });
  await world.settle();
  expect(await world.client.result(assistant, 'c-1')).toEqual({ answer: 'It costs 4.50.' });
  expect(world.calls(carrier.quote)).toEqual([{ kg: 2 }]);
  expect(
    world
      .calls(model.complete)
      .at(-1)
      ?.turns.map(({ text }) => text),
  ).toEqual([
    'What does a parcel of 2 kg cost?',
    'There is no command "release" to dispatch: expected one of quote, pickUp.',
    'quote was called with kg: Invalid input: expected number, received string.',
    '{"price":450}',
  ]);
});

describe('a process with steps of its own', () => {
  const wanted = { cartId: 'c-1', total: 10_000, flight: 'BER-LIS' };
  const booked = async (job: AnyProcess, flight: string): Promise<World> => {
    done.clear();
    const world = simulate(system('shop', { processes: [job], services: [] }));
    await world.client.publish(SeatWanted, { ...wanted, flight });
    await world.settle();
    return world;
  };

  test('charges and books, with a variable that a step captured', async () => {
    const world = await booked(paidSeat, 'BER-LIS');
    expect(await world.client.result(paidSeat, 'c-1')).toEqual({ payment: 'p-10200', seat: '12A' });
    expect([...done.values()]).toEqual(['charge 10200', 'book BER-LIS']);
  });

  test('refunds the payment if the flight is full', async () => {
    const world = await booked(paidSeat, 'full');
    expect((await world.client.describe(paidSeat, 'c-1')).why).toContain('the step book failed: sold out');
    expect([...done.values()]).toEqual(['charge 10200', 'refund p-10200']);
  });

  test('goes on after a step that failed, if it catches the failure', async () => {
    const world = await booked(seatOrStandby, 'full');
    expect(await world.client.result(seatOrStandby, 'c-1')).toEqual({ seat: 'standby' });
  });
});

test('the hooks of a system count the runs of its steps', async () => {
  const world = simulate(measuredSeats);
  await world.client.publish(SeatWanted, { cartId: 'c-1', total: 10_000, flight: 'BER-LIS' });
  await world.client.result(paidSeat, 'c-1');
  expect([...runs]).toEqual([['steps.run completed', 2]]);
});

test('a subscription ends each period and starts the next one, until the customer leaves', async () => {
  const world = simulate(shopWith([subscription]), { services: [paid] });
  await world.client.publish(PeriodBegan, { customerId: 'c-1', period: 1 });
  await world.advance('65 days');
  await world.client.publish(Left, { customerId: 'c-1' });
  await world.advance('60 days');
  expect(await world.client.result(subscription, 'c-1')).toEqual({ period: 3 });
  expect(world.calls(payments.charge)).toHaveLength(3);
});

test('a reminder is sent each day until its race is decided', async () => {
  const world = simulate(shopWith([reminder]), { services: [scripted(carrier, { quote: async () => ({ price: 450 }) })] });
  await world.client.publish(PeriodBegan, { customerId: 'c-1', period: 1 });
  await world.advance('60 hours');
  await world.client.publish(Paused, { customerId: 'c-1' });
  await world.advance('3 days');
  expect(await world.client.result(reminder, 'c-1')).toBe('paused');
  expect(world.calls(carrier.quote)).toEqual([{ kg: 1 }, { kg: 2 }]);
});

test('a month ends on its last day, and the subscription waits for the next working day', async () => {
  const world = simulate(shopWith([month]), { services: [paid], at: '2027-02-01T00:00:00Z' });
  await world.client.publish(MonthBegan, { customerId: 'c-1', plan: 'small' });
  await world.client.publish(PlanChanged, { customerId: 'c-1', plan: 'large' });
  await world.advance('40 days');
  // 28 February 2027 is a Sunday.
  expect(await world.client.result(month, 'c-1')).toEqual({ until: '2027-03-01T08:00:00.000Z' });
  expect(world.calls(payments.charge)).toEqual([{ amount: 900 }]);
});

test('a stale signal does not end a pause', async () => {
  const world = simulate(shopWith([pausing]));
  await world.client.publish(PeriodBegan, { customerId: 'c-1', period: 1 });
  const resume = async (pause: number): Promise<void> => {
    await world.client.publish(Resumed, { customerId: 'c-1', pause });
    await world.settle();
  };
  await world.client.publish(Paused, { customerId: 'c-1' });
  await resume(1);
  await resume(1);
  await world.client.publish(Paused, { customerId: 'c-1' });
  await world.settle();
  expect((await world.client.describe(pausing, 'c-1')).status).toBe('running');
  await resume(2);
  expect(await world.client.result(pausing, 'c-1')).toEqual({ pauses: 2 });
});

test('a decider counts, sends a command and ends, and its timer fires without measurements', async () => {
  const world = simulate(shopWith([coldChain]), {
    services: [serve(carrier, { ...quoting, pickUp: async () => ({ pickUpId: 'u' }), release: async () => {} })],
  });
  for (const celsius of [9, 9, 9]) await world.client.publish(Measured, { box: 'b-1', celsius });
  await world.settle();
  expect(await world.client.query(coldChain, 'b-1')).toEqual({ warm: 3, status: 'fine' });
  await world.client.publish(Measured, { box: 'b-2', celsius: 4 });
  await world.advance('31 minutes');
  expect(await world.client.query(coldChain, 'b-2')).toEqual({ warm: 0, status: 'lost' });
  await world.client.publish(Arrived, { box: 'b-1' });
  await world.settle();
  expect(await world.client.result(coldChain, 'b-1')).toEqual({ warm: 3 });
});

const quoting = { quote: async () => ({ price: 450 }) };

test('a decider continues after a command is exhausted', async () => {
  const down = scripted(carrier, {
    quote: async () => {
      throw new Error('connect ECONNREFUSED');
    },
  });
  const world = simulate(shopWith([coldChain]), { services: [down] });
  world.expectFaults(carrier.quote);
  for (const celsius of [9, 9, 9]) await world.client.publish(Measured, { box: 'b-1', celsius });
  await world.advance('1 hour');
  expect(await world.client.query(coldChain, 'b-1')).toEqual({ warm: 3, status: 'lost' });
});

test('an older version of a schema is read as the newest one', () => {
  expect(Address['~standard'].validate({ lines: ['Main St'], country: 'FR' })).toEqual({ value: { lines: ['Main St'], country: 'FR' } });
});

test('the documented schedule starts its report each night', async () => {
  const world = simulate(reports, { at: '2026-11-28T12:00:00Z' });
  await world.advance('1 day');
  expect(await world.client.result(report, 'nightly-report@2026-11-29T02:30~Europe.Paris')).toEqual({ day: '2026-11-29' });
});

describe('fleet', () => {
  test('loads each order in a child, tolerates one that fails, and leaves a survey behind', async () => {
    const world = simulate(system('vans', { processes: [fleet, load, survey], services: [] }));
    const orders = [1, 2_000, 3].map((kg, i) => ({ orderId: `o-${i}`, kg }));
    await world.client.start(fleet, { van: 'v', orders }, { id: 'f-1' });
    await world.advance('2 days');
    expect(await world.client.result(fleet, 'f-1')).toEqual({ loaded: 2 });
    expect(await world.client.result(survey, 'f-1.4')).toBe(2);
  });
});

test('a ride answers the fee of its cancellation', async () => {
  const world = simulate(shopWith([ride]));
  await world.client.publish(RideOrdered, { rideId: 'r-1' });
  await world.settle();
  expect(await cancelRide(world.client, 'r-1')).toBe(500);
});

test('a run takes a change that is deployed before it begins', async () => {
  const handler = serve(carrier, {
    quote: async () => ({ price: 900 }),
    pickUp: async ({ orderId }) => ({ pickUpId: `up-${orderId}` }),
    release: async () => {},
  });
  const world = simulate(system('shop', { processes: [quoted], services: [carrier] }), { services: [handler] });
  await world.client.publish(OrderPlaced, { orderId: 'o-1', kg: 2, total: 900 });
  expect(await world.client.result(quoted, 'o-1')).toBe('up-o-1');
  expect(world.journal(quoted, 'o-1')).toEqual(
    expect.arrayContaining([{ type: 'ChangeTaken', path: 'quote-first' }, expect.objectContaining({ command: 'carrier.quote' })]),
  );
});
