import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, event, process as defineProcess, service, system } from 'tutti';
import { recordJournal, replayFixtures, replayJournal, scripted, simulate, type JournalFixture, type World } from 'tutti/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
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

/** The same system, its process changed under the same number. */
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

test('a journal holds all its values, also those that are stored apart', async () => {
  const text = JSON.stringify(await recorded());
  expect(text).toContain('p'.repeat(3000));
  expect(text).not.toContain('dataref');
});

test('a late success whose input is stored apart replays, and its undo is made from that input', async () => {
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

test('a change of the code is told as a difference, by file', async () => {
  const fixture = await recorded();
  const [difference] = await replayJournal(changed, fixture);
  expect(difference).toContain('CommandIssued payments.charge:1 is passed {"amount":6,');
  expect(Object.keys(await replayFixtures(changed, folder))).toEqual(['booked.json']);
});

test('a run whose version is no longer listed cannot be replayed', async () => {
  const empty = system('shop', { processes: [], services: [payments, parcels] });
  expect(await replayJournal(empty, await recorded())).toEqual([expect.stringContaining('order@1 is not listed')]);
});

test('nothing is written unless UPDATE_JOURNALS is set', async () => {
  vi.stubEnv('UPDATE_JOURNALS', '');
  recordJournal(await booked(), order, 'o-1', join(folder, 'booked.json'));
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that is no journal is refused', async () => {
  writeFileSync(join(folder, 'other.json'), '{"process":"order","id":"o-1","entries":[]}');
  await expect(replayFixtures(shop, folder)).rejects.toMatchObject({ code: 'DATA_INVALID' });
});
