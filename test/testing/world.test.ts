import { process, system } from 'tutti';
import { serve } from 'tutti/service';
import { scripted, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { counter, counters, invoice, order, Ordered, ordered, Paid, parcels, payments, shop, twins } from './shop.ts';

const labels = { label: async () => {} };
const paying = scripted(payments, { charge: async ({ amount }) => ({ paymentId: `p-${amount}` }), refund: async () => {} });
const shipping = scripted(parcels, { ...labels, ship: async ({ id }) => ({ tracking: `T-${id}` }) });
const services = [paying, shipping];

describe('settle and advance', () => {
  test('settle runs everything that needs no time', async () => {
    const world = simulate(shop, { services });
    await world.client.publish(Ordered, ordered);
    await world.settle();
    expect((await world.client.describe(order, 'o-1')).status).toBe('completed');
    expect((await world.client.describe(invoice, 'o-1')).status).toBe('running');
  });

  test('thirty days of waiting pass only with advance', async () => {
    const world = simulate(shop, { services });
    await world.client.publish(Ordered, ordered);
    await world.advance('29 days');
    expect((await world.client.describe(invoice, 'o-1')).status).toBe('running');
    await world.advance('1 day');
    expect(await world.client.result(invoice, 'o-1')).toEqual({ paid: false });
  });

  test('each timer fires at its own instant, in order', async () => {
    const fired: string[] = [];
    const sleepers = process('sleepers', { input: z.object({ days: z.array(z.int()) }) }, async (ctx, { days }) => {
      await Promise.all(days.map(async (day) => ctx.until(new Date(Date.UTC(2026, 0, 1 + day)))));
      return ctx.now().toISOString();
    });
    const world = simulate(system('night', { processes: [sleepers], services: [] }), { at: '2026-01-01T00:00:00Z' });
    for (const [id, days] of Object.entries({ long: [9, 2], short: [3] })) await world.client.start(sleepers, { days }, { id });
    for (let day = 1; day <= 10; day += 1) {
      await world.advance('1 day');
      for (const id of ['long', 'short'])
        if ((await world.client.describe(sleepers, id)).status === 'completed') fired.push(`${day} ${id}`);
    }
    expect([fired[0], fired.find((each) => each.endsWith('long'))]).toEqual(['3 short', '9 long']);
    expect(await world.client.result(sleepers, 'long')).toBe('2026-01-10T00:00:00.000Z');
  });

  test('commands wait for a service that is down, and run afterwards', async () => {
    const world = simulate(shop, { services });
    world.down(parcels, '5 hours');
    await world.client.publish(Ordered, ordered);
    await world.advance('4 hours');
    expect(world.calls(parcels.ship)).toEqual([]);
    await world.advance('1 hour');
    expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'T-o-1' });
  });

  test('a handler that throws runs again, but counts as one call', async () => {
    let runs = 0;
    const flaky = scripted(parcels, {
      ...labels,
      ship: async () => {
        runs += 1;
        if (runs < 4) throw new TypeError('the network is down');
        return { tracking: 'T' };
      },
    });
    const world = simulate(shop, { services: [paying, flaky] });
    await world.client.publish(Ordered, ordered);
    await world.advance('1 hour');
    expect(runs).toBe(4);
    expect(world.calls(parcels.ship)).toEqual([{ id: 'o-1' }]);
  });

  test('a decider keeps its state across its timers', async () => {
    const world = simulate(counters, { services: [scripted(parcels, labels)] });
    await world.client.publish(Ordered, ordered);
    await world.advance('30 minutes');
    await world.client.publish(Ordered, ordered);
    await world.advance('59 minutes');
    expect(await world.client.query(counter, 'o-1')).toEqual({ orders: 2 });
    await world.advance('1 minute');
    expect(await world.client.result(counter, 'o-1')).toEqual({ orders: 2 });
  });
});

describe('the client of a world', () => {
  test('a start and its result need no settle in the test', async () => {
    const world = simulate(shop, { services });
    const { id, started } = await world.client.start(twins, { amounts: [3, 4] });
    expect(started).toBe(true);
    expect(await world.client.result(twins, id)).toEqual(['p-3', 'p-4']);
  });

  test('a result that needs time is TIMED_OUT at once, and names what the instance waits for', async () => {
    const world = simulate(shop, { services });
    await world.client.publish(Ordered, ordered);
    await expect(world.client.result(invoice, 'o-1')).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('does not end unless time passes'),
    });
    await world.client.signal(invoice, 'o-1', Paid, { id: 'o-1' });
    expect(await world.client.result(invoice, 'o-1')).toEqual({ paid: true });
  });

  test('the result of an instance that was never started is NOT_FOUND', async () => {
    await expect(simulate(shop).client.result(order, 'o-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a handler can use the client, and wait for the world', async () => {
    let world: World | undefined = undefined;
    const asking = scripted(parcels, {
      ...labels,
      ship: async ({ id }) => {
        await world!.client.start(twins, { amounts: [1] }, { id: `of-${id}` });
        return { tracking: (await world!.client.result(twins, `of-${id}`))[0] ?? '' };
      },
    });
    world = simulate(shop, { services: [paying, asking] });
    await world.client.publish(Ordered, ordered);
    await world.settle();
    expect((await world.client.describe(order, 'o-1')).status).toBe('completed');
    expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'p-1' });
  });

  test('a handler that waits for a result that needs time gets TIMED_OUT', async () => {
    let world: World | undefined = undefined;
    let told = '';
    const asking = scripted(parcels, {
      ...labels,
      ship: async ({ id }) => {
        await world!.client.result(invoice, id).catch((error: unknown) => (told = (error as { code: string }).code));
        return { tracking: told };
      },
    });
    world = simulate(shop, { services: [paying, asking] });
    await world.client.publish(Ordered, ordered);
    await world.settle();
    expect((await world.client.describe(order, 'o-1')).status).toBe('completed');
    expect(told).toBe('TIMED_OUT');
  });

  test('a deferred command is completed by its token', async () => {
    let token = '';
    const later = scripted(parcels, {
      ...labels,
      ship: async (_parcel, task) => {
        token = task.token;
        return task.defer();
      },
    });
    const world = simulate(shop, { services: [paying, later] });
    await world.client.publish(Ordered, ordered);
    await world.advance('2 days');
    await world.client.complete(parcels.ship, token, { tracking: 'by hand' });
    expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'by hand' });
  });
});

describe('a test fails on', () => {
  test('a command without a handler in its script, by name', async () => {
    const world = simulate(shop, { services: [paying, scripted(parcels, labels)] });
    await world.client.publish(Ordered, ordered);
    await expect(world.settle()).rejects.toThrow('parcels.ship was called with {"id":"o-1"}, but its script has no handler');
  });

  test('a process that decides differently in a replay', async () => {
    let runs = 0;
    const unsteady = process('unsteady', { startOn: Ordered.byId((each) => each.id) }, async (ctx) => {
      await ctx.call(payments.charge, { amount: (runs += 1) });
    });
    const world = simulate(system('unsteady', { processes: [unsteady], services: [payments] }), { services: [paying] });
    await world.client.publish(Ordered, ordered);
    await expect(world.settle()).rejects.toThrow('The code does not decide what the journal of default#unsteady#o-1 holds');
  });

  test('a service, an instant or an outage that the system cannot have', () => {
    expect(() => simulate(counters, { services: [paying] })).toThrow('expected one of parcels');
    expect(() => simulate(shop, { at: 'tomorrow' })).toThrow('The instant "tomorrow" is invalid: expected ISO 8601 with an offset');
    expect(() => simulate(shop).down(payments, '1 hour')).toThrow('does not have: expected one of none');
  });

  test('a process that never waits', async () => {
    const restless = process('restless', { startOn: Ordered.byId((each) => each.id) }, async (ctx) => {
      for (;;) await ctx.until('2020-01-01T00:00:00Z');
    });
    const world = simulate(system('restless', { processes: [restless], services: [] }));
    await world.client.publish(Ordered, ordered);
    await expect(world.settle()).rejects.toThrow('restless o-1 is stuck');
    expect((await world.client.describe(restless, 'o-1')).status).toBe('stuck');
  });
});

describe('two worlds', () => {
  test('with the same inputs have the same state, to the byte', async () => {
    const journals = async (): Promise<string> => {
      const world = simulate(shop, { services });
      world.down(payments, '1 hour');
      for (const id of ['a', 'b', 'c']) await world.client.publish(Ordered, { id, amount: 1 });
      await world.advance('40 days');
      return JSON.stringify(['a', 'b', 'c'].flatMap((id) => [world.journal(order, id), world.journal(invoice, id)]));
    };
    expect(await journals()).toBe(await journals());
  });

  test('that share served services do not see each other', async () => {
    const handler = serve(parcels, { label: async () => {}, ship: async () => ({ tracking: 'T' }) });
    const first = simulate(shop, { services: [paying, handler] });
    const second = simulate(shop, { services: [paying, handler] });
    await first.client.publish(Ordered, ordered);
    await Promise.all([first.settle(), second.settle()]);
    expect(first.calls(parcels.ship)).toHaveLength(1);
    expect(second.calls(parcels.ship)).toEqual([]);
  });
});
