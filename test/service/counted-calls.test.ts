import { expect, test } from 'vitest';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import { servePayments } from './payments.ts';
import { ID, ServiceRig } from './service-rig.ts';

interface Calls {
  reads: number;
  writes: number;
  publishes: number;
  deletes: number;
}

/** A rig that counts its calls to the ports, each as one request to AWS. */
function counted(charge: Parameters<typeof servePayments>[0] = async () => ({ paymentId: 'p-7' })): {
  readonly rig: ServiceRig;
  readonly calls: Calls;
} {
  const calls: Calls = { reads: 0, writes: 0, publishes: 0, deletes: 0 };
  const store = new MemoryIdempotencyStore();
  const rig = new ServiceRig(servePayments(charge), {
    store: {
      read: (id) => ((calls.reads += 1), store.read(id)),
      write: (id, record, expected) => ((calls.writes += 1), store.write(id, record, expected)),
      durable: () => store.durable(),
    },
    publisher: (bus) => ({ publish: (events) => ((calls.publishes += 1), bus.publish(events)) }),
    queue: (queue) => ({
      receive: (options) => queue.receive(options),
      delete: (handles) => ((calls.deletes += 1), queue.delete(handles)),
      changeVisibility: (changes) => queue.changeVisibility(changes),
    }),
  });
  return { rig, calls };
}

test('an answered command costs two writes and one publish call, and no read', async () => {
  const { rig, calls } = counted();
  rig.send();
  await rig.deliver();
  expect(calls).toEqual({ reads: 0, writes: 2, publishes: 1, deletes: 1 });
});

test('ten commands of a batch cost twenty writes, one publish call and one delete call', async () => {
  const { rig, calls } = counted();
  for (let n = 0; n < 10; n += 1) rig.send({ id: `${ID}${n}` });
  await rig.deliver();
  expect(calls).toEqual({ reads: 0, writes: 20, publishes: 1, deletes: 1 });
});

test('a second copy of an answered command costs one read and one publish call', async () => {
  const { rig, calls } = counted();
  rig.send();
  await rig.deliver();
  Object.assign(calls, { reads: 0, writes: 0, publishes: 0, deletes: 0 });
  rig.send({ attempt: 2 });
  await rig.deliver();
  expect(calls).toEqual({ reads: 1, writes: 0, publishes: 1, deletes: 1 });
});

test('a run without an answer costs two writes, and each later run one read and two writes', async () => {
  let left = 3;
  const { rig, calls } = counted(async () => {
    if ((left -= 1) > 0) throw new TypeError('down');
    return { paymentId: 'p-7' };
  });
  rig.send();
  await rig.deliver();
  expect(calls).toEqual({ reads: 0, writes: 2, publishes: 0, deletes: 0 });
  rig.clock.advance(300_000);
  await rig.deliver();
  expect(calls).toEqual({ reads: 1, writes: 4, publishes: 0, deletes: 0 });
  rig.clock.advance(300_000);
  await rig.deliver();
  expect(calls).toEqual({ reads: 2, writes: 6, publishes: 1, deletes: 1 });
});

test('a copy before the next run is due costs one read', async () => {
  const { rig, calls } = counted(async () => Promise.reject(new TypeError('down')));
  rig.send({ retryfirst: 300_000 });
  await rig.deliver();
  Object.assign(calls, { reads: 0, writes: 0, publishes: 0, deletes: 0 });
  rig.send({ retryfirst: 300_000, attempt: 2 });
  await rig.deliver();
  expect(calls).toEqual({ reads: 1, writes: 0, publishes: 0, deletes: 0 });
});

test('the last run within the limits costs one write at its end, whether the outcome is definite or not', async () => {
  for (const definite of [true, false]) {
    const { rig, calls } = counted(async (_input, task) => {
      throw definite ? task.notDone('down') : new TypeError('down');
    });
    rig.send({ retryattempts: 1 });
    await rig.deliver();
    expect(calls).toEqual({ reads: 0, writes: 2, publishes: 1, deletes: 1 });
  }
});
