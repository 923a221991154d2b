import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, event, process as defineProcess, service, system } from 'tutti';
import { recordJournal, replayFixtures, replayJournal, scripted, simulate, type JournalFixture, type World } from 'tutti/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { replayOpenRun } from '../../lib/testing/journal-fixture.ts';
import { Instance } from '../core/instance.ts';
import { order, Ordered, ordered, Paid, parcels, payments, shop } from './shop.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journals-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const booked = async (): Promise<World> => {
  const world = simulate(shop, {
    services: [
      scripted(payments, { charge: async () => ({ paymentId: 'p'.repeat(3000) }), refund: async () => {} }),
      scripted(parcels, { label: async () => {}, ship: async () => ({ tracking: 'T' }) }),
    ],
  });
  await world.client.publish(Ordered, ordered);
  await world.settle();
  return world;
};

const recorded = async (): Promise<JournalFixture> => {
  vi.stubEnv('UPDATE_JOURNALS', '1');
  recordJournal(await booked(), order, 'o-1', join(folder, 'booked.json'));
  return JSON.parse(readFileSync(join(folder, 'booked.json'), 'utf8')) as JournalFixture;
};

/** The same system, with its process changed without a new version. */
const changed = system('shop', {
  services: [payments, parcels],
  processes: [
    defineProcess(
      'order',
      { startOn: Ordered.byId((each) => each.id), receives: [Paid.byId((each) => each.id)] },
      async (ctx, { id, amount }) => {
        await ctx.call(payments.charge, { amount: amount + 1 });
        await ctx.call(parcels.ship, { id });
      },
    ),
  ],
});

test('a recorded journal replays on the code that wrote it', async () => {
  expect(await replayJournal(shop, await recorded())).toEqual([]);
  expect(await replayFixtures(shop, folder)).toEqual({});
});

test('a journal holds all its values, including those in the payload store', async () => {
  const text = JSON.stringify(await recorded());
  expect(text).toContain('p'.repeat(3000));
  expect(text).not.toContain('dataref');
});

test('a late success whose input is in the payload store replays, and its undo uses that input', async () => {
  const Note = z.object({ note: z.string() });
  const drop = command({ input: Note });
  const desks = service('desks', {
    drop,
    take: command({ input: Note, undo: { command: drop, input: ({ note }) => ({ note: note.slice(0, 3) }) } }),
  });
  const Came = event('guests.came', z.object({ id: z.string() }));
  const guest = defineProcess('guest', { startOn: Came.byId((came) => came.id) }, async (ctx) => {
    await ctx.call(desks.take, { note: 'n'.repeat(2000) });
  });
  const guests = system('guests', { processes: [guest], services: [desks] });
  let token = '';
  const world = simulate(guests, {
    services: [
      scripted(desks, {
        take: async (_note, task) => {
          token = task.token;
          return task.defer();
        },
        drop: async () => {},
      }),
    ],
  });
  await world.client.publish(Came, { id: 'g-1' });
  await world.settle();
  await world.client.terminate(guest, 'g-1', 'closing time');
  await world.client.complete(desks.take, token, null);
  await world.settle();
  expect(world.calls(desks.drop)).toEqual([{ note: 'nnn' }]);
  const entries = world.journal(guest, 'g-1');
  expect(entries).toContainEqual(expect.objectContaining({ late: expect.objectContaining({ input: { note: 'n'.repeat(2000) } }) }));
  expect(await replayJournal(guests, { process: 'guest', id: 'g-1', entries })).toEqual([]);
});

test('a change of the code is reported as a difference, by file', async () => {
  const fixture = await recorded();
  const [difference] = await replayJournal(changed, fixture);
  expect(difference).toContain('CommandIssued payments.charge:1 is passed {"amount":6,');
  expect(Object.keys(await replayFixtures(changed, folder))).toEqual(['booked.json']);
});

test('a run whose version is no longer listed cannot be replayed', async () => {
  const empty = system('shop', { processes: [], services: [payments, parcels] });
  expect(await replayJournal(empty, await recorded())).toEqual([expect.stringContaining('order@1 is no longer listed')]);
});

test('recordJournal writes nothing unless UPDATE_JOURNALS is set', async () => {
  vi.stubEnv('UPDATE_JOURNALS', '');
  recordJournal(await booked(), order, 'o-1', join(folder, 'booked.json'));
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that is not a journal is refused', async () => {
  writeFileSync(join(folder, 'other.json'), '{"process":"order","id":"o-1","entries":[]}');
  await expect(replayFixtures(shop, folder)).rejects.toMatchObject({ code: 'DATA_INVALID' });
});

describe('an open run', () => {
  const Came = event('shop.came', z.object({ id: z.string() }));
  const bell = service('bell', { ring: command({ input: z.object({ times: z.int() }) }) });
  const guest = (version: number, times: number) =>
    defineProcess('guest', { startOn: Came.byId((came) => came.id), version }, async (ctx) => {
      void ctx.call(bell.ring, { times: 1 });
      await ctx.scope('bell', async (ctx) => {
        void ctx.call(bell.ring, { times });
      });
      await ctx.sleep('1 day');
    });
  const opened = async (): Promise<Instance> => {
    const instance = new Instance(guest(1, 2), { services: [bell], checks: false });
    await instance.starts(Came);
    return instance;
  };
  const guests = (...processes: Parameters<typeof system>[1]['processes']) => system('trips', { processes, services: [bell] });

  test('replays even if it made a mistake that only the checks of tests report', async () => {
    const { head, journal } = await opened();
    expect(journal.map(({ type }) => type)).toContain('StepDetached');
    expect(await replayOpenRun(guests(guest(1, 2)), head, journal)).toEqual({ differences: [], skipped: [] });
  });

  test('replays on the version that it was resumed with, not on its first version', async () => {
    const { head, journal } = await opened();
    const both = guests(guest(1, 3), guest(2, 2));
    expect((await replayOpenRun(both, { ...head, definition: 'guest@2' }, journal)).differences).toEqual([]);
    expect((await replayOpenRun(both, head, journal)).differences.join()).toContain('NONDETERMINISM');
  });

  test('shows the values that are only in its head', async () => {
    const { head, journal } = await opened();
    expect((await replayOpenRun(guests(guest(1, 3)), head, journal)).differences.join()).toContain(
      'bell:1/bell.ring:1 is passed times 3, in the journal it is 2',
    );
  });
});
