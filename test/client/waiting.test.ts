import { expect, test } from 'vitest';
import { connect } from 'tutti/client';
import { connectionOf, type ClientPorts } from '../../lib/client/connection.ts';
import { identityOf } from '../../lib/core/identity.ts';
import { type StartMessage, sha256 } from '../../lib/format/inbox-message.ts';
import { head, memoryPorts, NOW, type MemoryPorts } from './ports.ts';
import { order, OrderPlaced, shop } from './shop-orders.ts';

const completed = head({ version: 2, status: 'completed', tail: ['{"type":"ProcessCompleted","path":"","data":7}'] });

/** Runs everything that needs no time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Advances time until `done`. */
async function passTime<T>({ clock }: MemoryPorts, done: Promise<T>): Promise<T> {
  let pending = true;
  const settled = (): void => void (pending = false);
  done.then(settled, settled);
  for (await turn(); pending; await turn()) clock.advanceTo(clock.nextWakeAt() ?? clock.now());
  return done;
}

test('a wait without hints polls the head', async () => {
  const ports = memoryPorts();
  await ports.put(head());
  const result = connect(shop, connectionOf(ports)).result(order, 'o-1');
  await turn();
  await ports.put(completed);
  expect(await passTime(ports, result)).toBe(7);
});

test('a wait with hints ends without a poll', async () => {
  const ports = memoryPorts();
  const hints: (() => void)[] = [];
  const changed = (): Promise<void> => new Promise((resolve) => hints.push(resolve));
  await ports.put(head());
  const result = connect(shop, connectionOf({ ...ports, changed })).result(order, 'o-1');
  await turn();
  await ports.put(completed);
  for (const hint of hints) hint();
  expect(await result).toBe(7);
  expect(ports.clock.nextWakeAt()).toBeUndefined();
});

test('a wait for a result ends with TIMED_OUT and the reason, or with NOT_FOUND if the instance never started', async () => {
  const ports = memoryPorts();
  const client = connect(shop, connectionOf(ports));
  await expect(passTime(ports, client.result(order, 'o-1', { timeout: '1 minute' }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await ports.put(head());
  const timedOut = passTime(ports, client.result(order, 'o-1', { timeout: '1 minute' }));
  await expect(timedOut).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: 'order o-1 has not ended within 1 minute: waits for an event: shop.note-added.',
  });
  expect(ports.clock.nextWakeAt()).toBeUndefined();
});

test('a start that no engine processes is UNREACHABLE, and stays in the inbox', async () => {
  const ports = memoryPorts();
  const start = connect(shop, connectionOf(ports)).start(order, { orderId: 'o-1', item: 'lamp' });
  await expect(passTime(ports, start)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(ports.inbox.size).toBe(1);
});

test('a start resolves with the run that its id names, when that is durable', async () => {
  let durable = (): void => {};
  const ports: MemoryPorts = { ...memoryPorts(), durable: () => new Promise((resolve) => (durable = resolve)) };
  let resolved = false;
  const start = connect(shop, connectionOf(ports satisfies ClientPorts)).start(order, { orderId: 'o-1', item: 'lamp' });
  void start.then(() => (resolved = true));
  await turn();
  const [message] = await ports.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 });
  const { startid, by } = JSON.parse(message!.body) as StartMessage;
  const run = identityOf(sha256, { pid: 'default#order#o-1', event: OrderPlaced.type, id: startid });
  await ports.put(head({ run }));
  for (let polls = 0; polls < 5; polls += 1) {
    ports.clock.advance(100);
    await turn();
  }
  expect([by, resolved]).toEqual(['tester', false]);
  durable();
  expect(await start).toEqual({ id: 'o-1', run, started: true });
});

test('a result is returned only when its commit is durable', async () => {
  let durable = (): void => {};
  const ports: MemoryPorts = { ...memoryPorts(), durable: () => new Promise((resolve) => (durable = resolve)) };
  let told = false;
  await ports.put(completed);
  const result = connect(shop, connectionOf(ports satisfies ClientPorts)).result(order, 'o-1');
  void result.then(() => (told = true));
  await turn();
  expect(told).toBe(false);
  durable();
  expect(await result).toBe(7);
});

test('a refused send fails with the reason of the queue', async () => {
  const ports = memoryPorts();
  const refusing = (senderFault: boolean): ClientPorts => ({
    ...ports,
    sender: { send: async () => [{ status: 'failed', senderFault, reason: 'no' }] },
    publisher: { publish: async () => [{ status: 'failed', reason: 'no' }] },
  });
  const input = { orderId: 'o-1', item: 'lamp' };
  await expect(connect(shop, connectionOf(refusing(false))).start(order, input)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(connect(shop, connectionOf(refusing(true))).start(order, input)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' });
  await expect(connect(shop, connectionOf(refusing(false))).publish(OrderPlaced, input)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('a start whose input the orchestrator parked fails with the parked reason', async () => {
  const ports = memoryPorts();
  const start = connect(shop, connectionOf(ports)).start(order, { orderId: 'o-1', item: 'lamp' });
  await turn();
  const [message] = await ports.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 });
  const parked = { pid: 'default#order#o-1', id: '1#m', reason: 'REFUSED', parkedAt: NOW, detail: 'order was started with item 7.' };
  await ports.parking.park({ ...parked, body: message!.body });
  await expect(passTime(ports, start)).rejects.toMatchObject({ code: 'DATA_INVALID', message: 'order was started with item 7.' });
  expect(ports.clock.now() - NOW).toBeLessThan(1_000);
});

test('the interval between polls of a head grows to two seconds', async () => {
  const ports = memoryPorts();
  await ports.put(head());
  const reads: number[] = [];
  const store = {
    load: (...args: Parameters<typeof ports.store.load>) => (reads.push(ports.clock.now() - NOW), ports.store.load(...args)),
  };
  const counted = { ...ports, store: { ...store, chunks: ports.store.chunks.bind(ports.store) } };
  const result = connect(shop, connectionOf(counted)).result(order, 'o-1', { timeout: '30 seconds' });
  await expect(passTime(ports, result)).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(reads.slice(0, 4)).toEqual([0, 50, 125, 238]);
  expect(reads.at(-2)! - reads.at(-3)!).toBe(2_000);
});
