import * as z from 'zod';
import { process, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { invoice, order, Ordered, ordered, parcels, payments, shop } from './shop.ts';

const services = [
  scripted(payments, { charge: async () => ({ paymentId: 'p-1' }), refund: async () => {} }),
  scripted(parcels, { label: async () => {}, ship: async () => ({ tracking: 'T' }) }),
];

const dozing = process('dozing', { input: z.object({ days: z.int() }) }, async (ctx, { days }) => {
  for (let day = 0; day < days; day += 1) await ctx.sleep('1 day');
  return { days };
});
const reminding = process('reminding', { input: z.object({}) }, async (ctx) => {
  for (;;) await ctx.sleep('7 days');
});
const broken = process('broken', { input: z.object({}) }, async () => {
  throw new TypeError('no such row');
});
const sleepers = system('sleepers', { processes: [dozing, reminding, broken], services: [] });

const doze = async (world: World, days: number): Promise<unknown> => {
  const { id } = await world.client.start(dozing, { days }, { id: 'd-1' });
  return world.client.result(dozing, id);
};

describe('everyCrash lets time pass by itself', () => {
  test('everyCrash runs a story with only sleeps without options', async () => {
    let runs = 0;
    await everyCrash(sleepers, {}, async (world) => {
      runs += 1;
      expect(await doze(world, 3)).toEqual({ days: 3 });
    });
    expect(runs).toBeGreaterThan(8);
  });

  test('a result waits for the time-out of an event, killed at each point', async () => {
    await everyCrash(shop, { services }, async (world) => {
      await world.client.publish(Ordered, ordered);
      expect(await world.client.result(invoice, 'o-1')).toEqual({ paid: false });
    });
  });

  test('settle waits for the lease of a killed worker, and not for a timer', async () => {
    await everyCrash(shop, { services }, async (world) => {
      await world.client.publish(Ordered, ordered);
      await world.settle();
      expect((await world.client.describe(order, 'o-1')).status).toBe('completed');
      expect((await world.client.describe(invoice, 'o-1')).status).toBe('running');
    });
  });

  test('time passes only until the patience ends', async () => {
    const story = async (world: World): Promise<void> => void (await doze(world, 3));
    await expect(everyCrash(sleepers, { patience: '2 days' }, story)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await everyCrash(sleepers, { patience: '4 days' }, story);
  });

  test('time passes for at most a year, so that a process that never ends fails its test', async () => {
    const story = async (world: World): Promise<void> => {
      const { id } = await world.client.start(reminding, {}, { id: 'r-1' });
      await world.client.result(reminding, id);
    };
    await expect(everyCrash(sleepers, {}, story)).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  test('time does not pass for a stuck instance', async () => {
    const world = simulate(sleepers, { patience: '366 days' });
    world.expectStuck(broken, 'b-1');
    await world.client.start(reminding, {}, { id: 'r-1' });
    await world.client.start(broken, {}, { id: 'b-1' });
    await expect(world.client.result(broken, 'b-1')).rejects.toMatchObject({ code: 'TIMED_OUT' });
    expect((await world.client.describe(reminding, 'r-1')).why).toContain('in 7d');
  });
});

test('everyCrash refuses a scenario that passes no crash point', async () => {
  const story = async (world: World): Promise<void> => {
    await world.client.publish(Ordered, ordered);
  };
  await expect(everyCrash(shop, { services }, story)).rejects.toThrow('The scenario passed no crash point');
});

test('a result that needs time is TIMED_OUT without patience', async () => {
  await expect(doze(simulate(sleepers), 1)).rejects.toMatchObject({ code: 'TIMED_OUT' });
});
