import Database from 'libsql';
import { serve } from 'tutti/service';
import { everyCrash, scripted, simulate, type CrashPoint, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { storeOn } from '../service/sqlite-turns.ts';
import { order, Ordered, ordered, parcels, payments, shop } from './shop.ts';

const POINTS = ['before-commit', 'after-commit', 'after-send', 'before-acknowledge', 'in-handler', 'after-effect', 'after-reply'] as const;

/** Services that record each effect under its command id, as a foreign system does. */
const rig = () => {
  const effects: string[] = [];
  const note = (what: string, commandId: string): void => void effects.push(`${what} ${commandId.slice(commandId.indexOf('/'))}`);
  const paying = scripted(payments, {
    charge: async (_charge, task) => (note('charge', task.commandId), { paymentId: 'p-1' }),
    refund: async () => {},
  });
  const shipping = scripted(parcels, { label: async () => {}, ship: async () => ({ tracking: 'T' }) });
  return { effects, services: [paying, shipping] };
};

/** A database in memory that holds a table of the service and the command records. */
class Ledger {
  readonly #database = new Database(':memory:');
  readonly store = storeOn(this.#database);

  constructor() {
    this.#database.exec('create table shipments (id text primary key)');
  }

  shipments(): unknown[] {
    return this.#database
      .prepare('select id from shipments')
      .all()
      .map((row) => (row as { readonly id: unknown }).id);
  }
}

const book = async (world: World): Promise<void> => {
  await world.client.publish(Ordered, ordered, { id: 'order-1' });
  await world.advance('1 hour');
};

describe('a crash', () => {
  test.each(POINTS)('%s loses nothing, and the order is booked', async (at) => {
    let crashes = 0;
    const crash = (point: CrashPoint): boolean => {
      const here = point.at === at && point.count === 2;
      if (here) crashes += 1;
      return here;
    };
    const world = simulate(shop, { services: rig().services, crash });
    await book(world);
    expect(crashes).toBe(1);
    expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'T' });
  });

  test('in the middle of a decision does not suppress unhandled rejections of the test process', async () => {
    const before = process.listenerCount('unhandledRejection');
    let during = 0;
    const crash = (point: CrashPoint): boolean => {
      const here = point.at === 'before-commit' && point.count === 2;
      if (here) during = process.listenerCount('unhandledRejection');
      return here;
    };
    await book(simulate(shop, { services: rig().services, crash }));
    expect(during).toBe(before + 1);
    expect(process.listenerCount('unhandledRejection')).toBe(before);
  });

  test('before the effect runs the handler once, after it twice, under one command id', async () => {
    const runs = async (at: CrashPoint['at']): Promise<readonly string[]> => {
      const { effects, services } = rig();
      await book(simulate(shop, { services, crash: (point) => point.at === at && point.count === 1 }));
      return effects;
    };
    const [before, after] = [await runs('in-handler'), await runs('after-effect')];
    expect(before).toHaveLength(1);
    expect(after).toHaveLength(2);
    expect(new Set(after).size).toBe(1);
  });

  test('counts the passes of each point from 1, in order', async () => {
    const passed: CrashPoint[] = [];
    await book(simulate(shop, { services: rig().services, crash: (point) => (passed.push(point), false) }));
    for (const at of POINTS) {
      const counts = passed.filter((point) => point.at === at).map((point) => point.count);
      expect(counts).toEqual(counts.map((_, index) => index + 1));
      expect(counts.length).toBeGreaterThan(1);
    }
  });

  test('in a handler with effect once leaves an unknown outcome, which rejects the step of a command without undo', async () => {
    const once = serve(parcels, { label: async () => {}, ship: { effect: 'once', run: async () => ({ tracking: 'T' }) } });
    const [paying] = rig().services;
    let handled = 0;
    const world = simulate(shop, { services: [paying!, once], crash: (point) => point.at === 'after-effect' && (handled += 1) === 2 + 1 });
    await book(world);
    const { status, why } = await world.client.describe(order, 'o-1');
    expect(status).toBe('failed');
    expect(why).toContain('parcels.ship may or may not have happened');
  });

  test.each(['in-handler', 'after-effect'] as const)('%s of a transaction rolls it back, and the next run commits once', async (at) => {
    const ledger = new Ledger();
    const shipping = serve(
      parcels,
      {
        label: async () => {},
        ship: {
          effect: 'transaction',
          run: async ({ id }, task) => {
            task.tx.prepare('insert into shipments values (?)').run(id);
            return { tracking: 'T' };
          },
        },
      },
      { store: ledger.store },
    );
    const [paying] = rig().services;
    let killed = false;
    const crash = (point: CrashPoint): boolean => {
      const here: boolean = point.at === at && point.count === 2;
      killed ||= here;
      return here;
    };
    const world = simulate(shop, { services: [paying!, shipping], crash });
    await book(world);
    expect(killed).toBe(true);
    expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'T' });
    expect(ledger.shipments()).toEqual(['o-1']);
  });

  test('at every commit leaves the system unchanged', async () => {
    const world = simulate(shop, { services: rig().services, crash: (point) => point.at === 'before-commit' });
    await world.client.publish(Ordered, ordered);
    await world.advance('1 minute');
    await expect(world.client.describe(order, 'o-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('everyCrash', () => {
  test('runs the scenario without a crash, and once for each point that it passes', async () => {
    let runs = 0;
    let points = 0;
    await book(simulate(shop, { services: rig().services, crash: () => ((points += 1), false) }));
    await everyCrash(shop, { services: rig().services }, async (world) => {
      runs += 1;
      await book(world);
      expect(await world.client.result(order, 'o-1')).toEqual({ tracking: 'T' });
    });
    expect(runs).toBe(1 + points);
  });

  test('a scenario that fails after a crash is reported with the crash point', async () => {
    const { effects, services } = rig();
    const scenario = async (world: World): Promise<void> => {
      effects.length = 0;
      await book(world);
      expect(effects).toHaveLength(1);
    };
    await expect(everyCrash(shop, { services }, scenario)).rejects.toThrow(/^After the crash after-effect, time 1: expected/);
  });

  test('a scenario that fails without a crash keeps its own error', async () => {
    const scenario = async (world: World): Promise<void> => {
      await book(world);
      expect(world.calls(payments.refund)).toHaveLength(1);
    };
    await expect(everyCrash(shop, rig(), scenario)).rejects.toThrow(/^expected \[\] to have a length of 1/);
  });

  test('a scenario that does not repeat its crash points is refused', async () => {
    let runs = 0;
    const scenario = async (world: World): Promise<void> => {
      runs += 1;
      if (runs === 1) await book(world);
    };
    await expect(everyCrash(shop, rig(), scenario)).rejects.toThrow('did not reach the crash');
  });
});
