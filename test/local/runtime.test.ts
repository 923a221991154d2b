import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, flights, hotels, notifications, payments } from '../../examples/travel-booking/contracts.ts';
import { bookTrip } from '../../examples/travel-booking/book-trip.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { Client } from '../../lib/client/client.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { startLocal } from '../../lib/local/start-local.ts';
import { openState } from '../../lib/local/state.ts';
import { Runtime, type RuntimeOptions } from '../../lib/local/runtime.ts';
import { serve } from '../../lib/service/serve.ts';
import type { Served } from '../../lib/service/served.ts';
import { head } from '../contracts/process-store.contract.ts';
import { testFolder } from './running-jobs.ts';

const cart = {
  cartId: 'cart-1',
  email: 'ada@example.com',
  total: 129_000,
  card: 'tok_visa',
  flight: { from: 'BER', to: 'LIS', day: '2026-12-27' },
  hotel: { city: 'Lisbon', from: '2026-12-27', nights: 4 },
};
const BOOKED = { flight: 'FL7', hotel: 'HT7' };

/** Four services that note what they did. */
const bookingServices = (done: string[], { full = false } = {}): Served[] => [
  serve(payments, {
    charge: async () => (done.push('charge'), { paymentId: 'p-7' }),
    refund: async ({ paymentId }) => void done.push(`refund ${paymentId}`),
  }),
  serve(flights, {
    book: async () => (done.push('book flight'), { reference: 'FL7' }),
    cancel: async ({ reference }) => void done.push(`cancel ${reference}`),
  }),
  serve(hotels, {
    book: async (_stay, { errors }) => {
      if (full) throw errors.SoldOut({ freeFrom: '2027-01-03' });
      done.push('book hotel');
      return { reference: 'HT7' };
    },
    cancel: async ({ reference }) => void done.push(`cancel ${reference}`),
  }),
  serve(notifications, { notify: async ({ message }) => void done.push(message) }),
];

const servicesWithout = (services: readonly Served[], name: string): Served[] => services.filter((served) => served['~service'] !== name);

const run = (options: RuntimeOptions): ReturnType<typeof startLocal> => startLocal(trips, options);

/** Everything that holds on this thread holds with the engine in another one. */
const seats: readonly (readonly [string, Partial<RuntimeOptions>])[] = [
  ['with the engine on this thread', {}],
  ['with the engine in a thread', { entry: new URL('../../examples/travel-booking/system.ts', import.meta.url) }],
];

describe.each(seats)('a system in one process, %s', { timeout: 60_000 }, (_, seat) => {
  test('a callback that throws, or rejects, changes nothing and is a fault; a callback for faults may throw too', async () => {
    const [faults, warnings]: [unknown[], string[]] = [[], []];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    const { client, stop } = await run({
      ...seat,
      services: bookingServices([]),
      onCommit: (head) => {
        if (head.version === 1) throw new TypeError('thrown by the view');
        return Promise.reject(new TypeError('rejected by the view')) as unknown as void;
      },
      onFault: (error) => {
        faults.push(error);
        throw new RangeError('thrown by the log');
      },
    });
    await client.publish(CheckoutTravelCart, cart);
    expect(await client.result(bookTrip, 'cart-1')).toEqual(BOOKED);
    await stop();
    process.off('warning', warned);
    expect(new Set(faults.map(String))).toEqual(new Set(['TypeError: thrown by the view', 'TypeError: rejected by the view']));
    expect(new Set(warnings)).toEqual(new Set(['thrown by the log']));
  });

  test('a booking calls its services in order and completes', async () => {
    const calls: string[] = [];
    const { client, stop } = await run({ ...seat, services: bookingServices(calls) });
    await client.publish(CheckoutTravelCart, cart);
    expect(await client.result(bookTrip, 'cart-1')).toEqual(BOOKED);
    expect(calls).toEqual(['charge', 'book flight', 'book hotel', 'Booked: FL7, HT7.']);
    await stop();
  });

  test('a full hotel undoes what was done, in reverse', async () => {
    const calls: string[] = [];
    const { client, stop } = await run({ ...seat, services: bookingServices(calls, { full: true }) });
    await client.publish(CheckoutTravelCart, cart);
    await expect(client.result(bookTrip, 'cart-1')).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      data: { reason: expect.stringContaining('SoldOut') },
    });
    expect(calls).toEqual([
      'charge',
      'book flight',
      'cancel FL7',
      'refund p-7',
      'The hotel is full until 2027-01-03; everything is refunded.',
    ]);
    await stop();
  });

  test('each commit of an instance is reported, from its start to its end', async () => {
    const commits: string[] = [];
    const { client, stop } = await run({
      ...seat,
      services: bookingServices([]),
      onCommit: (head) => commits.push(`${head.version} ${head.status}`),
    });
    await client.publish(CheckoutTravelCart, cart);
    await client.result(bookTrip, 'cart-1');
    expect(commits).toEqual(['1 running', '2 running', '3 running', '4 running', '5 completed']);
    await stop();
  });

  test('the next system on the folder of a stopped one continues its instances, and a service may come later', async () => {
    const directory = testFolder();
    const calls: string[] = [];
    const services = bookingServices(calls);
    let charged!: () => void;
    const waitsForFlight = new Promise<void>((resolve) => (charged = resolve));
    const before = await run({
      ...seat,
      directory,
      services: servicesWithout(services, 'flights'),
      onCommit: ({ version }) => version === 2 && charged(),
    });
    await before.client.publish(CheckoutTravelCart, cart);
    await waitsForFlight;
    await before.stop();
    expect(calls).toEqual(['charge']);
    const after = await run({ ...seat, directory, services });
    expect(await after.client.result(bookTrip, 'cart-1')).toEqual(BOOKED);
    expect(calls).toEqual(['charge', 'book flight', 'book hotel', 'Booked: FL7, HT7.']);
    await after.stop();
  });
});

describe('a system with a retention', () => {
  const wasClosedFor = async (days: number): Promise<string> => {
    const directory = testFolder();
    const clock = new VirtualClock(Date.now() - days * 86_400_000);
    const { processStore, close } = openState({ system: systemContract(trips), directory, clock });
    const times = { startedAt: clock.now(), closedAt: clock.now() };
    await processStore.commit(head({ pid: 'default#book-trip#old', status: 'completed', ...times }), { kind: 'absent' });
    close();
    return directory;
  };
  const listed = async ({ client }: { readonly client: Client }): Promise<number> => {
    let count = 0;
    for await (const _ of client.list()) count += 1;
    return count;
  };

  test('removes an instance that closed longer ago, and keeps the others', async () => {
    const options = { services: [], retention: '3 days' } as const;
    const kept = await run({ ...options, directory: await wasClosedFor(3.5) });
    const removed = await run({ ...options, directory: await wasClosedFor(5) });
    await expect.poll(() => listed(removed)).toBe(0);
    expect(await listed(kept)).toBe(1);
    await kept.stop();
    await removed.stop();
  });

  test('removes the large values that only such instances had', async () => {
    const directory = testFolder();
    const clock = new VirtualClock(Date.now() - 5 * 86_400_000);
    const hashes = ['a', 'b'].map((text) => createHash('sha256').update(`"${text}"`).digest('hex'));
    const first = openState({ system: systemContract(trips), directory, clock });
    for (const [n, status] of (['completed', 'stuck'] as const).entries()) {
      const hash = hashes[n] as string;
      await first.payloadStore.put('', hash, n === 0 ? '"a"' : '"b"');
      const times = { startedAt: clock.now(), ...(n === 0 && { closedAt: clock.now() }) };
      await first.processStore.commit(head({ pid: `default#book-trip#${n}`, status, tail: [`{"ref":"${hash}"}`], ...times }), {
        kind: 'absent',
      });
    }
    first.close();
    const runtime = new Runtime(trips, { services: [], retention: '3 days', directory });
    await runtime.start();
    const [gone, kept] = hashes.map((hash) => () => runtime.state.payloadStore.get('', hash));
    await expect.poll(gone as () => Promise<unknown>).toBeUndefined();
    expect(await kept?.()).toBe('"b"');
    await runtime.stop();
  });
});

describe('a refused start', () => {
  test('a service that is served twice', async () => {
    await expect(run({ services: [...bookingServices([]), ...bookingServices([])] })).rejects.toMatchObject({
      code: 'CONTRACT_INVALID',
      message: 'The service payments is served twice: each service is served once.',
    });
  });

  test('a service that is none of the system, and its folder stays free', async () => {
    const directory = testFolder();
    const { system } = await import('tutti');
    const alone = system('alone', { processes: [], services: [payments] });
    await expect(startLocal(alone, { directory, services: bookingServices([]) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'The service flights is served, but the system alone does not have it: expected payments.',
    });
    const { stop } = await startLocal(alone, { directory, services: [] });
    await expect(stop()).resolves.toBeUndefined();
  });

  test('a retention of less than a day', async () => {
    await expect(run({ services: [], retention: '12 hours' })).rejects.toMatchObject({
      code: 'CONTRACT_INVALID',
      message: 'The retention is 12 hours: expected a day or more, or none.',
    });
  });

  test('a second system on a folder that is open', async () => {
    const directory = testFolder();
    const { stop } = await run({ directory, services: [] });
    await expect(run({ directory, services: [] })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await stop();
  });
});

test('many services poll without a warning of leaking listeners', async () => {
  const warnings: string[] = [];
  const hear = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', hear);
  const { stop } = await run({ services: bookingServices([]) });
  await stop();
  // Warnings are emitted in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', hear);
  expect(warnings).not.toContain('MaxListenersExceededWarning');
});
