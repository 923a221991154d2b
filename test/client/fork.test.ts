import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';
import { Narrator } from '../../lib/client/operations/narrator.ts';
import { whyOfHead } from '../../lib/client/operations/why-of-head.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { newImage } from '../../lib/core/image.ts';
import type { StartInbound } from '../../lib/core/inbound.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { forkedBefore } from '../../lib/engine/advance/fork.ts';
import type { EngineContext } from '../../lib/engine/engine-context.ts';
import { encodeControl, encodeHead } from '../../lib/format/head-codec.ts';
import { memoryPorts } from './ports.ts';

const Started = event('f.started', z.object({ id: z.string(), total: z.int() }));
const Approved = event('f.approved', z.object({ id: z.string(), by: z.string() }));
const refund = command({ input: z.object({ paymentId: z.string() }) });
const charge = command({
  input: z.object({ total: z.int(), key: z.string() }),
  output: z.object({ paymentId: z.string() }),
  undo: { command: refund, input: (_input, { paymentId }) => ({ paymentId }) },
});
const cancelFlight = command({ input: z.object({ seat: z.string(), flight: z.string() }) });
const bookFlight = command({
  input: z.object({ flight: z.string() }),
  output: z.object({ seat: z.string() }),
  errors: { SoldOut: z.object({}) },
  undo: { command: cancelFlight, input: ({ flight }, { seat }) => ({ flight, seat }) },
});
const price = command({ input: z.object({ flight: z.string() }), output: z.object({ price: z.int() }) });
const tell = command({ input: z.object({ text: z.string() }) });
const shop = service('shop', { charge, refund, bookFlight, cancelFlight, price, tell });

const trip = process(
  'trip',
  { startOn: Started.byId(({ id }) => id), receives: [Approved.byId(({ id }) => id)] },
  async (ctx, { total }) => {
    const { paymentId } = await ctx.call(shop.charge, { total, key: ctx.uuid() });
    ctx.send(shop.tell, { text: `paid ${ctx.id}` });
    await ctx.call(shop.price, { flight: 'BER-OSL' });
    const { by } = await ctx.waitFor(Approved);
    const { seat } = await ctx.call(shop.bookFlight, { flight: 'BER-OSL' });
    await ctx.sleep('1 hour');
    if (seat === '13') throw ctx.fail('the seat has no window');
    return { paymentId, seat, by, id: ctx.id, uuid: ctx.uuid() };
  },
);
const trips = system('f', { processes: [trip], services: [shop] });

/** Seats by flight; each call of a test may change them. */
const handlers = (seats: Readonly<Record<string, string>> = { 'BER-OSL': '12A', 'BER-LIS': '2C' }) => ({
  charge: async (_: unknown, { commandId }: { readonly commandId: string }) => ({ paymentId: `paid ${commandId}` }),
  refund: async () => {},
  bookFlight: async ({ flight }: { readonly flight: string }) => ({ seat: seats[flight] ?? '1' }),
  cancelFlight: async () => {},
  price: async () => ({ price: 100 }),
  tell: async () => {},
});
const worldOf = (seats?: Readonly<Record<string, string>>): World =>
  simulate(trips, { services: [scripted(shop, handlers(seats) as never)], patience: '1 day' });

const begin = async (world: World): Promise<void> => {
  await world.client.publish(Started, { id: 'x', total: 900 });
  await world.client.publish(Approved, { id: 'x', by: 'ada' }, { id: 'yes' });
  await world.settle();
};
const types = (world: World, id: string): unknown[] => world.journal(trip, id).map((entry) => (entry as { readonly type: string }).type);

describe('client.fork', () => {
  test('goes on from a step of an instance that has ended, without doing again what came before', async () => {
    const world = worldOf();
    await begin(world);
    const first = (await world.client.result(trip, 'x')) as { uuid: string; paymentId: string };
    const fork = await world.client.fork(trip, 'x', {
      at: 'shop.bookFlight:1',
      input: { flight: 'BER-LIS' },
      completed: 'undo',
      reason: 'a wrong flight',
    });
    expect(fork).toEqual({ id: 'x~f1', run: expect.any(String) as string });
    const second = (await world.client.result(trip, 'x~f1')) as { uuid: string };
    expect(second).toEqual({ paymentId: first.paymentId, seat: '2C', by: 'ada', id: 'x', uuid: expect.any(String) as string });
    expect(second.uuid).not.toBe(first.uuid);
    expect(world.calls(shop.charge)).toHaveLength(1);
    expect(world.calls(shop.tell)).toHaveLength(1);
    expect(world.calls(shop.bookFlight)).toEqual([{ flight: 'BER-OSL' }, { flight: 'BER-LIS' }]);
    expect(world.calls(shop.cancelFlight)).toEqual([{ flight: 'BER-OSL', seat: '12A' }]);
    expect(types(world, 'x').slice(-6)).toEqual([
      'ForkRequested',
      'CommandIssued',
      'CommandAnswered',
      'CommandIssued',
      'CommandAnswered',
      'CommandAnswered',
    ]);
  });

  test('undoes the adopted steps under the ids of the original when it fails', async () => {
    const world = worldOf({ 'BER-OSL': '12A', 'BER-LIS': '13' });
    await begin(world);
    await world.client.result(trip, 'x');
    await world.client.fork(trip, 'x', {
      at: 'shop.bookFlight:1',
      input: { flight: 'BER-LIS' },
      completed: 'leave',
      reason: 'a wrong flight',
    });
    await expect(world.client.result(trip, 'x~f1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(world.calls(shop.refund)).toHaveLength(1);
    expect(world.calls(shop.cancelFlight)).toEqual([{ flight: 'BER-LIS', seat: '13' }]);
  });

  test('supersedes an open instance, and starts at its beginning with another input', async () => {
    const world = worldOf();
    await begin(world);
    await expect(world.client.fork(trip, 'x', { at: 'start', reason: 'no' })).rejects.toMatchObject({
      code: 'FORK_REFUSED',
      message: expect.stringContaining('it is open: end it first, or ask to supersede it') as string,
    });
    const plan = await world.client.previewFork(trip, 'x', { at: 'start', supersede: true });
    expect(plan).toMatchObject({
      to: 'x~f1',
      entries: 0,
      events: [expect.any(Number)],
      later: [{ path: 'shop.charge:1', choice: undefined }, { path: 'shop.price:1', choice: 'leave' }, { path: 'shop.bookFlight:1' }],
    });
    expect(plan.refusals).toEqual([
      'shop.charge:1 was completed after the cut: choose adopt, undo or leave for it',
      'shop.bookFlight:1 was completed after the cut: choose adopt, undo or leave for it',
    ]);
    const input = { id: 'x', total: 100 };
    await world.client.fork(trip, 'x', { at: 'start', input, completed: 'undo', supersede: true, reason: 'a wrong total', to: 'x-2' });
    await world.settle();
    expect(await world.client.describe(trip, 'x')).toMatchObject({ status: 'terminated', forks: [{ process: 'trip', id: 'x-2' }] });
    expect(await world.client.describe(trip, 'x-2')).toMatchObject({ original: { process: 'trip', id: 'x', entries: 0 } });
    const originals = new Map<string, string | undefined>();
    for await (const { id, original } of world.client.list()) originals.set(id, original?.id);
    expect(Object.fromEntries(originals)).toEqual({ x: undefined, 'x-2': 'x' });
    expect(world.journal(trip, 'x-2').flatMap((entry) => new Narrator().tell(entry as JournalEntry)?.text ?? [])[0]).toBe(
      'started as a fork of trip x',
    );
    expect(world.calls(shop.refund)).toHaveLength(1);
    expect(await world.client.result(trip, 'x-2')).toMatchObject({ id: 'x', by: 'ada' });
    expect(world.calls(shop.charge).map(({ total }) => total)).toEqual([900, 100]);
    expect(world.calls(shop.cancelFlight)).toHaveLength(1);
  });

  test('undoes a step whose reply a fork has adopted under the id that its service knows', async () => {
    const undone: unknown[] = [];
    const cancelFlight = async (_: unknown, { undoes }: { readonly undoes?: string }) => void undone.push(undoes);
    const world = simulate(trips, { services: [scripted(shop, { ...handlers(), cancelFlight })], patience: '1 day' });
    await begin(world);
    await world.client.result(trip, 'x');
    const issuedAt = types(world, 'x').lastIndexOf('CommandIssued');
    const { run } = await world.client.describe(trip, 'x');
    await world.client.fork(trip, 'x', { at: issuedAt, to: 'a', reason: 'adopts the flight' });
    await world.client.result(trip, 'a');
    const forkedAt = types(world, 'a').indexOf('Forked');
    await world.client.fork(trip, 'a', { at: forkedAt, completed: { 'shop.bookFlight:1': 'undo' }, to: 'b', reason: 'another flight' });
    await world.client.result(trip, 'b');
    const { n } = world.journal(trip, 'x')[issuedAt] as unknown as { readonly n: number };
    expect(undone).toEqual([`default#trip#x/${run}/${n}`]);
  });

  test('lets one fork alone have the steps of the prefix', async () => {
    const world = worldOf();
    await begin(world);
    await world.client.result(trip, 'x');
    await world.client.fork(trip, 'x', { at: 'shop.bookFlight:1', completed: 'leave', reason: 'again' });
    await expect(world.client.fork(trip, 'x', { at: 'shop.bookFlight:1', completed: 'leave', reason: 'and again' })).rejects.toMatchObject({
      message: expect.stringContaining('shop.charge:1 belongs to the fork x~f1') as string,
    });
    await world.client.result(trip, 'x~f1');
    const again = await world.client.fork(trip, 'x~f1', { at: 'shop.bookFlight:1', completed: 'undo', reason: 'the fork again' });
    expect(again.id).toBe('x~f2');
    expect(await world.client.result(trip, 'x~f2')).toMatchObject({ id: 'x', seat: '12A' });
  });

  test('undoes in the original what an open step does after it was superseded', async () => {
    const world = worldOf();
    world.down(shop, '10 minutes');
    await world.client.publish(Started, { id: 'x', total: 900 });
    await world.settle();
    await world.client.fork(trip, 'x', { at: 'start', supersede: true, reason: 'a wrong total', input: { id: 'x', total: 100 } });
    await world.advance('20 minutes');
    expect(world.calls(shop.charge).map(({ total }) => total)).toEqual([900, 100]);
    const [{ paymentId } = { paymentId: '' }, ...others] = world.calls(shop.refund);
    expect(paymentId).toMatch(/^paid default#trip#x\//);
    expect(others).toEqual([]);
  });

  test('leaves the steps to the original if another instance takes the id meanwhile', async () => {
    const world = worldOf();
    await begin(world);
    await world.client.result(trip, 'x');
    const taken = world.client.fork(trip, 'x', { at: 'shop.bookFlight:1', completed: 'leave', to: 'y', reason: 'again' });
    await world.client.publish(Started, { id: 'y', total: 1 });
    await expect(taken).rejects.toMatchObject({ code: 'ALREADY_USED' });
    await world.settle();
    expect(await world.client.describe(trip, 'x')).not.toHaveProperty('forks');
    expect(types(world, 'y')).not.toContain('Forked');
    await world.client.fork(trip, 'x', { at: 'start', events: 'none', completed: 'leave', to: 'w', reason: 'from its start' });
    const second = world.client.fork(trip, 'x', { at: 'shop.bookFlight:1', completed: 'leave', to: 'v', reason: 'again' });
    await world.client.publish(Started, { id: 'v', total: 1 });
    await expect(second).rejects.toMatchObject({ code: 'ALREADY_USED' });
    await world.client.fork(trip, 'x', { at: 'shop.bookFlight:1', completed: 'leave', to: 'z', reason: 'again' });
    expect(await world.client.result(trip, 'z')).toMatchObject({ id: 'x', seat: '12A' });
    expect((await world.client.describe(trip, 'x')).forks?.map(({ id }) => id)).toEqual(['w', 'z']);
    expect(await world.client.describe(trip, 'y')).not.toHaveProperty('forks');
  });

  test('reports an id that another instance has', async () => {
    const world = worldOf();
    await begin(world);
    await world.client.result(trip, 'x');
    await world.client.start(trip, { id: 'y', total: 1 });
    await expect(world.client.fork(trip, 'x', { at: 'start', completed: 'leave', to: 'y', reason: 'no' })).rejects.toMatchObject({
      code: 'ALREADY_USED',
    });
  });

  test('gives the same result wherever a worker is killed', async () => {
    await everyCrash(trips, { services: [scripted(shop, handlers() as never)], patience: '1 day' }, async (world) => {
      await world.client.publish(Started, { id: 'x', total: 900 });
      await world.client.publish(Approved, { id: 'x', by: 'ada' }, { id: 'yes' });
      await world.client.result(trip, 'x');
      await world.client.fork(trip, 'x', {
        at: 'shop.bookFlight:1',
        input: { flight: 'BER-LIS' },
        completed: 'undo',
        reason: 'a wrong flight',
        to: 'x2',
      });
      expect(await world.client.result(trip, 'x2')).toMatchObject({ seat: '2C' });
      await world.settle();
      expect(world.calls(shop.charge)).toHaveLength(1);
      expect(world.calls(shop.cancelFlight)).toEqual([{ flight: 'BER-OSL', seat: '12A' }]);
    });
  });
});

test('why names the original of a fork, and the forks of an original', () => {
  const pid = 'default#trip#x~f1';
  const image = {
    ...newImage(pid, 'R', 'trip@1', 0),
    fork: { pid: 'default#trip#x', run: 'O', entries: 3, operation: 'op', named: 'x' },
    forks: ['default#trip#x~f2'],
  };
  const { lines } = whyOfHead({ system: systemContract(trips), ports: memoryPorts() }, encodeHead(image, 'w', encodeControl(image)));
  expect(lines.slice(-2)).toEqual(['it is a fork of trip x', 'it was forked as trip x~f2']);
});

test.each([
  ['its prefix alone', 0, 'failed'],
  ['later entries', 1, 'completed'],
])('a fork whose id another run has, with chunks of %s, replies by them', async (_, from, outcome) => {
  const pid = 'default#trip#y';
  const { store } = memoryPorts();
  await store.spill({ pid, run: 'F', from, entries: ['{}', '{}'] });
  const start = { identity: 'F', fork: { commandId: 'default#trip#x/R/9', hash: '', input: { entries: 2 } } } as unknown as StartInbound;
  const context = { options: { store } } as unknown as EngineContext;
  expect(await forkedBefore(context, newImage(pid, 'other', 'trip@1', 0), start, false)).toMatchObject({ outcome });
});
