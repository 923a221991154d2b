import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { InboxRig } from './inbox-rig.ts';

const HOUR = 3_600_000;
const PID = 'default#fulfil#o-1';
const CONFIRMED = { orderId: 'o-1', by: 'ann' };

const types = async (rig: InboxRig, pid: string, wanted: string): Promise<number> =>
  (await rig.story(pid)).filter((type) => type === wanted).length;

const charged = async (rig: InboxRig): Promise<void> => {
  for (const command of await rig.commands()) rig.reply(command);
  await rig.work();
};

describe('a signal before the start', () => {
  test('an early signal waits for the start and is applied once after it, at any number of deliveries', async () => {
    const rig = new InboxRig();
    for (let copies = 0; copies < 3; copies += 1) rig.event('shop.confirmed', CONFIRMED);
    await rig.work();
    expect(rig.inbox.size).toBe(0);
    expect(await rig.head(PID)).toMatchObject({ status: 'early' });
    rig.event('shop.placed', { orderId: 'o-1' });
    await rig.work();
    await charged(rig);
    expect((await rig.journal(PID)).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: { paymentId: 'p-1', by: 'ann' } });
    expect(await types(rig, PID, 'EventReceived')).toBe(1);
  });

  test('an early signal is parked and listed if its instance does not start within `early`, and so is the next one', async () => {
    const rig = new InboxRig();
    rig.event('shop.confirmed', CONFIRMED);
    await rig.work();
    await rig.pass(HOUR - 1000);
    expect(await rig.parked(PID)).toEqual([]);
    await rig.pass(2000);
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'EARLY_EXPIRED' }]);
    rig.event('shop.confirmed', CONFIRMED, { id: 'second' });
    await rig.work();
    expect(await rig.parked(PID)).toHaveLength(1);
    await rig.pass(2 * HOUR);
    expect(await rig.parked(PID)).toHaveLength(2);
  });

  test('an early signal is parked if 64 wait already', async () => {
    const rig = new InboxRig();
    for (let n = 0; n < 65; n += 1) rig.event('shop.confirmed', CONFIRMED, { id: `e-${n}` });
    await rig.work();
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'EARLY_OVERFLOW' }]);
    expect((await rig.head(PID))?.early).toHaveLength(64);
  });

  test('early signals of any size are applied', async () => {
    const rig = new InboxRig();
    const by = 'x'.repeat(150_000);
    rig.event('shop.confirmed', undefined, { ...(await rig.stores(PID, { by, orderId: 'o-1' })), processid: PID });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'early' });
    rig.event('shop.placed', { orderId: 'o-1' });
    await rig.work();
    await charged(rig);
    expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
  });
});

describe('an event for an instance that has ended', () => {
  test('an event for an instance that has ended is acknowledged and changes nothing', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1' });
    await rig.work();
    rig.operate('terminate', PID);
    await rig.work();
    const before = await rig.head(PID);
    rig.event('shop.confirmed', CONFIRMED);
    rig.operate('cancel', PID);
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(rig.inbox.size).toBe(0);
  });
});

describe('two starts with one id and the same event', () => {
  test.each(['p-attaching', 'p-restarting', 'p-signalling', 'fulfil'])('two equal starts begin %s once', async (process) => {
    const rig = new InboxRig();
    const type = process === 'fulfil' ? 'shop.placed' : `shop.${process.slice(2)}`;
    for (let copies = 0; copies < 2; copies += 1) rig.event(type, { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    rig.event(type, { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    const pid = `default#${process}#o-1`;
    expect(await types(rig, pid, 'ProcessStarted')).toBe(1);
    expect(await types(rig, pid, 'StartRejected')).toBe(0);
    expect(await types(rig, pid, 'EventReceived')).toBe(0);
  });

  test('the second of two equal starts begins nothing even after the end', async () => {
    const rig = new InboxRig();
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    await charged(rig);
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    expect(await rig.head('default#p-restarting#o-1')).toMatchObject({ status: 'completed' });
    expect(await rig.commands()).toEqual([]);
  });
});

describe('a start that comes again after more runs than the head remembers', () => {
  test('a repeated start begins nothing after more runs than the head remembers', async () => {
    const rig = new InboxRig();
    const pid = 'default#p-restarting#o-1';
    for (let life = 1; life <= 18; life += 1) {
      rig.event('shop.restarting', { orderId: 'o-1' }, { id: `life-${life}` });
      await rig.work();
      await charged(rig);
    }
    const before = await rig.head(pid);
    expect(before).toMatchObject({ status: 'completed' });
    for (let life = 1; life <= 18; life += 1) rig.event('shop.restarting', { orderId: 'o-1' }, { id: `life-${life}` });
    await rig.work();
    expect(await rig.head(pid)).toEqual(before);
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'life-19' });
    await rig.work();
    expect(await rig.head(pid)).toMatchObject({ status: 'running' });
  });
});

describe('two starts with one id and different events', () => {
  const startTwice = async (type: string): Promise<InboxRig> => {
    const rig = new InboxRig();
    rig.event(type, { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    rig.event(type, { orderId: 'o-1', note: 'again' }, { id: 'two' });
    await rig.work();
    expect(rig.inbox.size).toBe(0);
    return rig;
  };

  test('the policy reject journals the second start and publishes start-rejected', async () => {
    const rig = await startTwice('shop.placed');
    expect(await types(rig, PID, 'StartRejected')).toBe(1);
    expect(rig.events).toMatchObject([{ type: 'shop.start-rejected', data: { pid: PID, startid: 'two', reason: 'open' } }]);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  });

  test('the policy attach changes nothing at the second start', async () => {
    const rig = await startTwice('shop.attaching');
    expect(await rig.story('default#p-attaching#o-1')).toEqual(['ProcessStarted', 'CommandIssued']);
    expect(rig.events).toEqual([]);
  });

  test('the policy signal hands the second start over as an event', async () => {
    const rig = await startTwice('shop.signalling');
    expect((await rig.journal('default#p-signalling#o-1')).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: { second: 'again' } });
  });

  test('the first start in order of arrival begins the instance if both are in one batch', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1', note: 'first' }, { id: 'one' });
    rig.event('shop.placed', { orderId: 'o-1', note: 'second' }, { id: 'two' });
    await rig.work();
    expect((await rig.journal(PID))[0]).toMatchObject({ type: 'ProcessStarted', data: { note: 'first' } });
    expect(await types(rig, PID, 'StartRejected')).toBe(1);
  });
});

describe('a start after the end', () => {
  const again = async (type: string, ends: 'completed' | 'failed'): Promise<InboxRig> => {
    const rig = new InboxRig();
    rig.event(type, { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    const [charge] = await rig.commands();
    if (ends === 'completed') rig.reply(charge as CommandEnvelope);
    else
      rig.reply(charge as CommandEnvelope, {
        outcome: 'failed',
        id: `${charge?.id}:failed`,
        data: { type: 'Declined', message: 'no', data: {} },
      });
    await rig.work();
    rig.event(type, { orderId: 'o-1' }, { id: 'two' });
    await rig.work();
    expect(rig.inbox.size).toBe(0);
    return rig;
  };

  test.each([
    ['reject', 'shop.attaching', 'completed', 0],
    ['reject', 'shop.attaching', 'failed', 0],
    ['restart', 'shop.restarting', 'completed', 1],
    ['restart', 'shop.restarting', 'failed', 1],
    ['restart-failed', 'shop.retrying', 'completed', 0],
    ['restart-failed', 'shop.retrying', 'failed', 1],
  ] as const)('under %s, of %s that has %s, issues %i commands of a new run', async (_, type, ends, commands) => {
    const rig = await again(type, ends);
    const issued = await rig.commands();
    expect(issued).toHaveLength(commands);
    const head = await rig.head(`default#p-${type.slice('shop.'.length)}#o-1`);
    expect(head?.status).toBe(commands === 0 ? ends : 'running');
    for (const command of issued) expect(command.id).toBe(`${head?.pid}/${head?.run}/1`);
  });

  test('a restart first sends the unsent messages of the previous run', async () => {
    const rig = new InboxRig();
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'one' });
    await rig.work();
    const [charge] = await rig.commands();
    rig.operate('terminate', 'default#p-restarting#o-1');
    await rig.work();
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'two' });
    await rig.work();
    expect(await rig.commands()).toHaveLength(1);
    rig.reply(charge as CommandEnvelope);
    await rig.work();
    expect(await rig.commands()).toMatchObject([{ type: 'payments.refund', undoes: charge?.id }]);
    expect(await rig.head('default#p-restarting#o-1')).toMatchObject({ status: 'running' });
  });
});

describe('an operation on an instance', () => {
  test('an operation is applied once, under any number of message ids', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1' });
    await rig.work();
    for (let copies = 0; copies < 3; copies += 1)
      rig.put(inboxBody({ tutti: 'operate', opid: 'op-1', pid: PID, act: 'cancel', reason: 'r', by: 'ann' }));
    await rig.work();
    expect(await types(rig, PID, 'CancelRequested')).toBe(1);
  });

  test('an operation on an instance that never existed is acknowledged and creates none', async () => {
    const rig = new InboxRig();
    for (const act of ['cancel', 'terminate', 'resume'] as const) rig.operate(act, PID);
    await rig.work();
    expect(await rig.head(PID)).toBeUndefined();
    expect(rig.inbox.size).toBe(0);
  });
});

describe('invalid data is parked beside the instance that it names', () => {
  test('invalid data of a start is parked, and the start begins nothing', async () => {
    const rig = new InboxRig();
    const start = {
      tutti: 'start',
      startid: 's-1',
      tenant: 'default',
      process: 'fulfil',
      id: 'o-1',
      time: '2026-11-21T10:00:00.000Z',
    } as const;
    rig.put(inboxBody({ ...start, data: { orderId: 7 }, by: 'test' }));
    await rig.work();
    expect(await rig.parked(PID)).toMatchObject([
      { reason: 'REFUSED', detail: expect.stringContaining('fulfil was started with orderId: Invalid input') },
    ]);
    expect(await rig.head(PID)).toBeUndefined();
  });

  test('invalid data of a signal is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.confirmed', { orderId: 'o-1', by: 7 }, { processid: PID });
    await rig.work();
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'DATA_INVALID', detail: expect.stringContaining('by: Invalid input') }]);
  });
});
