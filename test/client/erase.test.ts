import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { everyCrash, scripted, simulate, type World } from 'tutti/testing';

const Start = event('p.start', z.object({ id: z.string(), name: z.string() }));
const Note = event('p.note', z.object({ id: z.string(), text: z.string() }));
const Told = event('p.told', z.object({ name: z.string() }));
const undo = command({ input: z.object({ name: z.string() }) });
const book = command({
  input: z.object({ name: z.string() }),
  output: z.object({ name: z.string() }),
  undo: { command: undo, input: ({ name }) => ({ name }) },
});
const mail = command({ input: z.object({ name: z.string() }) });
const svc = service('svc', { undo, book, mail });
/** Large enough to be a value of the payload store. */
const PERSON = `Ada Lovelace ${'ada@example.org '.repeat(200)}`;

const trip = process(
  'trip',
  {
    startOn: Start.byId(({ id }) => id),
    receives: [Note.byId(({ id }) => id)],
    publishes: [Told],
    view: z.object({ name: z.string() }),
    onClosed: 'restart',
  },
  async (ctx, { name }) => {
    ctx.tag({ region: 'eu' });
    ctx.view({ name });
    const note = await ctx.waitFor(Note);
    const booked = await ctx.call(svc.book, { name });
    ctx.send(svc.mail, { name });
    ctx.publish(Told, { name });
    return { booked, note: note.text };
  },
);
const shop = system('p', { processes: [trip], services: [svc] });
const HANDLERS = { undo: async () => {}, book: async ({ name }: { name: string }) => ({ name }), mail: async () => {} };
const opened = (): World => simulate(shop, { services: [scripted(svc, HANDLERS)] });

async function ended(world: World): Promise<void> {
  await world.client.publish(Start, { id: 'x', name: PERSON });
  await world.settle();
  await world.client.publish(Note, { id: 'x', text: `note of ${PERSON}` });
  await world.settle();
}

describe('client.erase', () => {
  test('removes all data of an ended instance, and keeps its id, its status and the request', async () => {
    const world = opened();
    await ended(world);
    expect(JSON.stringify(world.journal(trip, 'x'))).toContain('Ada Lovelace');
    await world.client.erase(trip, 'x', 'request 7');
    await world.settle();
    expect(world.journal(trip, 'x')).toEqual([
      expect.objectContaining({ type: 'Erased', by: expect.any(String) as unknown, reason: 'request 7' }),
    ]);
    const described = await world.client.describe(trip, 'x');
    expect(described).toMatchObject({ status: 'completed', tags: {}, pending: [], erased: { reason: 'request 7' } });
    expect(described.why).toMatch(/^completed at .*; erased at .* by .*: request 7$/);
    expect(JSON.stringify(described)).not.toContain('Ada');
    await expect(world.client.query(trip, 'x')).resolves.toBeNull();
    await expect(world.client.result(trip, 'x')).rejects.toMatchObject({ code: 'ERASED' });
  });

  test('changes nothing the second time', async () => {
    const world = opened();
    await ended(world);
    await world.client.erase(trip, 'x', 'first');
    await world.client.erase(trip, 'x', 'second');
    expect(world.journal(trip, 'x')).toEqual([expect.objectContaining({ reason: 'first' })]);
  });

  test('begins no other run, and parks a later start and a later event', async () => {
    const world = opened();
    await ended(world);
    await world.client.erase(trip, 'x', 'request 7');
    await world.advance('1 second');
    await world.client.publish(Start, { id: 'x', name: 'again' });
    await world.client.publish(Note, { id: 'x', text: 'late' });
    await world.settle();
    const { status, parked } = await world.client.describe(trip, 'x');
    expect({ status, parked }).toEqual({ status: 'completed', parked: { CLOSED: 2 } });
    await expect(world.client.start(trip, { id: 'x', name: 'again' }, { id: 'x' })).rejects.toMatchObject({ code: 'ERASED' });
    await expect(world.client.fork(trip, 'x', { to: 'y', at: 'start', events: 'none', reason: 'again' })).rejects.toMatchObject({
      code: 'ERASED',
    });
  });

  test('refuses an open instance, and one that does not exist', async () => {
    const world = opened();
    await world.client.publish(Start, { id: 'x', name: PERSON });
    await world.settle();
    await expect(world.client.erase(trip, 'x', 'request 7')).rejects.toMatchObject({
      code: 'NOT_ERASED',
      message: expect.stringMatching(/^[^:]*cannot be erased, because it is running: expected an instance that has ended\.$/) as unknown,
    });
    await expect(world.client.erase(trip, 'y', 'request 7')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await world.client.describe(trip, 'x')).erased).toBeUndefined();
  });

  test('keeps the data by which a late success would be undone, unless the operator abandons that undo', async () => {
    const world = opened();
    world.down(svc, '1 day');
    await ended(world);
    await world.client.terminate(trip, 'x', 'enough');
    await expect(world.client.erase(trip, 'x', 'request 7')).rejects.toMatchObject({
      code: 'NOT_ERASED',
      message: expect.stringContaining('a late success of svc.book (svc.book:1) would be undone') as unknown,
    });
    await world.client.erase(trip, 'x', 'request 7', { abandon: true });
    expect(world.journal(trip, 'x')).toEqual([
      expect.objectContaining({ type: 'Erased', abandoned: [expect.stringMatching(/#trip#x\/.*\/\d+$/)] }),
    ]);
  });

  test('removes the late events that are parked beside the instance', async () => {
    const world = opened();
    await ended(world);
    await world.client.publish(Note, { id: 'x', text: `late note of ${PERSON}` });
    await world.settle();
    expect((await world.client.describe(trip, 'x')).parked).toEqual({ CLOSED: 1 });
    await world.client.erase(trip, 'x', 'request 7');
    await world.settle();
    expect((await world.client.describe(trip, 'x')).parked).toEqual({});
  });
});

test('an erasure is whole, and sends what was not sent, wherever a worker is killed', async () => {
  await everyCrash(shop, { services: [scripted(svc, HANDLERS)] }, async (world) => {
    await ended(world);
    await world.client.result(trip, 'x').catch(() => undefined);
    await world.client.erase(trip, 'x', 'request 7');
    await world.advance('1 second');
    expect(world.calls(svc.mail)).toHaveLength(1);
    expect(JSON.stringify(world.journal(trip, 'x'))).not.toContain('Ada');
    await world.client.publish(Note, { id: 'x', text: 'late' });
    await world.settle();
    expect((await world.client.describe(trip, 'x')).parked).toEqual({ CLOSED: 1 });
  });
});
