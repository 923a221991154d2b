import { beforeEach, describe, expect, test } from 'vitest';
import { simulate, type World } from 'tutti/testing';
import type { Summary } from 'tutti/client';
import {
  approval,
  code,
  desk,
  NoteAdded,
  order,
  OrderPlaced,
  people,
  peopleHandler,
  shop,
  stockHandler,
  Viewed,
  views,
} from './shop-orders.ts';

let world: World;

beforeEach(() => {
  desk.clear();
  code.mended = false;
  world = simulate(shop, { services: [stockHandler, peopleHandler] });
});

const lamp = { orderId: 'o-1', item: 'lamp' };

async function listed(filter?: Parameters<World['client']['list']>[0]): Promise<Summary[]> {
  const found: Summary[] = [];
  for await (const summary of world.client.list(filter)) found.push(summary);
  return found;
}

describe('start', () => {
  test('resolves with the run that the head then has', async () => {
    const started = await world.client.start(order, lamp);
    expect(started).toEqual({ id: 'o-1', run: (await world.client.describe(order, 'o-1')).run, started: true });
  });

  test('of an open id is refused where the definition rejects it', async () => {
    const { run } = await world.client.start(order, lamp);
    await expect(world.client.start(order, lamp)).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { run } });
  });

  test('of an open id joins it where the definition or the caller attaches', async () => {
    const first = await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    expect(await world.client.start(approval, { item: 'other' }, { id: 'a-1' })).toEqual({ ...first, started: false });
    const { run } = await world.client.start(order, lamp);
    expect(await world.client.start(order, lamp, { onOpen: 'attach' })).toEqual({ id: 'o-1', run, started: false });
  });

  test('of an open id hands its input over where the caller asks for it', async () => {
    const { run } = await world.client.start(order, lamp);
    expect(await world.client.start(order, lamp, { onOpen: 'signal' })).toEqual({ id: 'o-1', run, started: false });
    expect(world.journal(order, 'o-1')).toContainEqual(
      expect.objectContaining({ type: 'EventReceived', event: OrderPlaced.type, data: lamp }),
    );
  });

  test('of an id that has ended is refused, or begins a new run where the definition restarts', async () => {
    await world.client.start(order, { ...lamp, item: 'nothing' });
    await world.settle();
    await expect(world.client.start(order, lamp)).rejects.toMatchObject({ code: 'ALREADY_USED', details: { status: 'failed' } });
    const first = await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    await world.client.terminate(approval, 'a-1', 'a mistake');
    const second = await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    expect(second.started).toBe(true);
    expect(second.run).not.toBe(first.run);
  });

  test('gives an instance without an id a new one, and tags', async () => {
    const { id } = await world.client.start(approval, { item: 'rug' }, { tags: { floor: '2' } });
    expect(id).toMatch(/^[0-9A-Z]{26}$/);
    expect((await world.client.describe(approval, id)).tags).toEqual({ floor: '2' });
  });

  test('refuses input that the contract does not allow, an id that cannot be one, and a decider', async () => {
    await expect(world.client.start(order, { orderId: 'o-1' } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
    await expect(world.client.start(order, lamp, { id: 'o 1' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
    await expect(world.client.start(views, undefined as never)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      remedy: 'Publish one of shop.viewed.',
    });
  });
});

describe('publish', () => {
  test('starts what the event starts; the same id again is a duplicate', async () => {
    await world.client.publish(OrderPlaced, lamp, { id: 'placed-1' });
    await world.settle();
    const before = world.journal(order, 'o-1').length;
    await world.client.publish(OrderPlaced, lamp, { id: 'placed-1' });
    await world.settle();
    expect(world.journal(order, 'o-1')).toHaveLength(before);
  });

  test("takes the contract's dedupe key as the event's id", async () => {
    for (const item of ['tent', 'tent', 'kayak']) await world.client.publish(Viewed, { userId: 'ada', item });
    await world.settle();
    expect(await world.client.query(views, 'ada')).toEqual({ count: 2 });
  });

  test('refuses data that the contract does not allow, more than the bus takes, and an id that cannot travel', async () => {
    await expect(world.client.publish(OrderPlaced, { orderId: 'o-1' } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
    await expect(world.client.publish(OrderPlaced, { ...lamp, item: 'x'.repeat(210_000) })).rejects.toMatchObject({
      code: 'DATA_TOO_LARGE',
    });
    await expect(world.client.publish(OrderPlaced, lamp, { id: 'two words' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });
});

describe('signal', () => {
  test('reaches the one instance that it is addressed to, whatever its data names', async () => {
    await world.client.start(order, lamp);
    await world.client.signal(order, 'o-1', NoteAdded, { orderId: 'another', text: 'ring twice' });
    expect(await world.client.result(order, 'o-1')).toEqual({ shelf: 'shelf of lamp', text: 'ring twice' });
  });

  test('waits for an instance that has not been started', async () => {
    await world.client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'early' });
    await world.settle();
    await world.client.publish(OrderPlaced, lamp);
    expect(await world.client.result(order, 'o-1')).toMatchObject({ text: 'early' });
  });

  test('is refused by an instance that has ended, and where the process does not hear the event', async () => {
    await world.client.start(order, { ...lamp, item: 'nothing' });
    await world.settle();
    await expect(world.client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'late' })).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(world.client.signal(order, 'o-1', Viewed as never, { userId: 'a', item: 'b' } as never)).rejects.toMatchObject({
      code: 'DATA_INVALID',
    });
  });
});

describe('query, describe and list', () => {
  test('a view is null until there is one, and outlives its run', async () => {
    await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    expect(await world.client.query(approval, 'a-1')).toBeNull();
    await world.client.start(order, lamp);
    await world.client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: '' });
    await world.client.result(order, 'o-1');
    expect(await world.client.query(order, 'o-1')).toEqual({ shelf: 'shelf of lamp' });
  });

  test('what is not there is not found', async () => {
    await world.client.signal(order, 'o-2', NoteAdded, { orderId: 'o-2', text: 'early' });
    await world.settle();
    for (const id of ['o-1', 'o-2', 'no id']) {
      await expect(world.client.query(order, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.client.describe(order, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.client.cancel(order, id, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('a description tells what an instance waits for, and its open steps', async () => {
    await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    await world.settle();
    expect(await world.client.describe(approval, 'a-1')).toMatchObject({
      process: 'approval',
      id: 'a-1',
      status: 'running',
      version: 1,
      started: new Date('2026-01-01T00:00:00Z'),
      why: expect.stringMatching(/^waits for somebody to answer people\.approve since 2026-01-01T00:00:00\.000Z/),
      pending: [{ kind: 'command', command: 'people.approve', deferred: true, attempt: 1 }],
    });
    await world.client.start(order, lamp);
    await world.settle();
    expect((await world.client.describe(order, 'o-1')).why).toBe('waits for an event: shop.note-added');
  });

  test('a list has the newest start first and keeps to its filter', async () => {
    await world.client.start(approval, { item: 'a' }, { id: 'a-1', tags: { floor: '1' } });
    await world.advance('1 minute');
    await world.client.start(order, { ...lamp, item: 'nothing' });
    await world.settle();
    expect((await listed()).map(({ id }) => id)).toEqual(['o-1', 'a-1']);
    expect((await listed({ status: 'failed' })).map(({ id, why }) => [id, why])).toEqual([
      ['o-1', 'failed at 2026-01-01T00:01:00.000Z: The process order failed with NotToBeHad'],
    ]);
    expect((await listed({ status: ['running', 'stuck'], tag: { floor: '1' } })).map(({ id }) => id)).toEqual(['a-1']);
    expect(await listed({ process: approval, startedAfter: new Date('2026-01-01T00:00:01Z') })).toEqual([]);
    expect((await listed({ startedBefore: new Date('2026-01-01T00:00:01Z') })).map(({ id }) => id)).toEqual(['a-1']);
  });
});

describe('result', () => {
  test('throws the failure, which the guard of the process knows', async () => {
    await world.client.start(order, { ...lamp, item: 'nothing' });
    const error: unknown = await world.client.result(order, 'o-1').catch((caught: unknown) => caught);
    expect(order.failed(error)).toBe(true);
    expect(error).toMatchObject({ type: 'NotToBeHad', data: { item: 'nothing' } });
  });

  test('of a cancelled or terminated instance says which', async () => {
    await world.client.start(order, lamp);
    await world.settle();
    await world.client.cancel(order, 'o-1', 'too late');
    await expect(world.client.result(order, 'o-1')).rejects.toMatchObject({ code: 'CANCELLED', reason: 'requested' });
    await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    await world.client.terminate(approval, 'a-1', 'a mistake');
    await expect(world.client.result(approval, 'a-1')).rejects.toMatchObject({
      code: 'CLOSED',
      message: 'approval a-1 was terminated: a mistake: it has no result.',
    });
  });
});

describe('acts', () => {
  test('a cancel undoes what was done', async () => {
    await world.client.start(order, lamp);
    await world.settle();
    await world.client.cancel(order, 'o-1', 'the customer rang');
    await world.settle();
    expect((await world.client.describe(order, 'o-1')).status).toBe('cancelled');
    expect(world.journal(order, 'o-1')).toContainEqual(
      expect.objectContaining({ type: 'CancelRequested', reason: 'the customer rang', by: expect.any(String) }),
    );
    expect(world.journal(order, 'o-1')).toContainEqual(expect.objectContaining({ type: 'CommandIssued', command: 'stock.giveBack' }));
  });

  test('nothing is done to an instance that has ended', async () => {
    await world.client.start(order, { ...lamp, item: 'nothing' });
    await world.settle();
    await expect(world.client.cancel(order, 'o-1', '')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(world.client.terminate(order, 'o-1', '')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(world.client.resume(order, 'o-1')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('to resume what is not stuck changes nothing', async () => {
    await world.client.start(order, lamp);
    await world.settle();
    const before = world.journal(order, 'o-1').length;
    await world.client.resume(order, 'o-1');
    expect(world.journal(order, 'o-1')).toHaveLength(before);
  });
});

describe('a stuck instance', () => {
  beforeEach(async () => {
    await world.client.publish(OrderPlaced, { orderId: 'o-1', item: 'bug' });
    await world.settle();
  });

  test('says why, and what to do', async () => {
    const { status, why } = await world.client.describe(order, 'o-1');
    expect(status).toBe('stuck');
    expect(why).toMatch(/^stuck \(POISON\): .*the code is wrong.*\. Correct the process, then resume the instance with tutti resume$/);
  });

  test('goes on when it is resumed and the code is mended', async () => {
    code.mended = true;
    await world.client.resume(order, 'o-1');
    await world.client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'at last' });
    expect(await world.client.result(order, 'o-1')).toMatchObject({ text: 'at last' });
  });

  test('can be terminated', async () => {
    await world.client.terminate(order, 'o-1', 'not worth it');
    expect((await world.client.describe(order, 'o-1')).status).toBe('terminated');
  });

  test('is open: another start is refused', async () => {
    await expect(world.client.start(order, lamp)).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { status: 'stuck' } });
  });
});

describe('answers by token', () => {
  test('somebody completes, or fails, what was deferred', async () => {
    await world.client.start(approval, { item: 'rug' }, { id: 'a-1' });
    await world.client.start(approval, { item: 'vase' }, { id: 'a-2' });
    await world.settle();
    await world.client.heartbeat(desk.get('rug')!);
    await world.client.complete(people.approve, desk.get('rug')!, { by: 'ada' });
    await world.client.fail(people.approve, desk.get('vase')!, people.approve.errors.Refused({}));
    expect(await world.client.result(approval, 'a-1')).toEqual({ by: 'ada' });
    await expect(world.client.result(approval, 'a-2')).rejects.toMatchObject({ code: 'PROCESS_FAILED', type: 'Other' });
  });

  test('a token that is none is refused', async () => {
    await expect(world.client.complete(people.approve, 't1.nonsense', { by: 'ada' })).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });
});
