import { expect, test } from 'vitest';
import { connect } from 'tutti/client';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import { connectionOf, type ClientPorts } from '../../lib/client/connection.ts';
import { offeredClientPorts } from '../../lib/local/client-ports.ts';
import { WatchedProcessStore } from '../../lib/local/head-watch.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { head, memoryPorts, type MemoryPorts } from '../client/ports.ts';
import { order, shop } from '../client/shop-orders.ts';

const { pid } = head();
const completed = head({ version: 2, status: 'completed', tail: ['{"type":"ProcessCompleted","path":"","data":7}'] });

/** Ports whose client gets its hints from a watched store. */
function watched(): { readonly ports: ClientPorts & Pick<MemoryPorts, 'clock'>; readonly store: WatchedProcessStore } {
  const store = new WatchedProcessStore(new MemoryProcessStore());
  return { ports: { ...memoryPorts(), store, changed: (...args) => store.changed(...args) }, store };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a wait that has ended leaves no waiter behind, whether the instance has ended or the time is over', async () => {
  const { ports, store } = watched();
  const client = connect(shop, connectionOf(ports));
  await store.commit(head(), { kind: 'absent' });
  const late = client.result(order, 'o-1', { timeout: '1 minute' });
  late.catch(() => undefined);
  await turn();
  expect(store.waiting).toBe(1);
  ports.clock.advance(60_000);
  await expect(late).rejects.toMatchObject({ code: 'TIMED_OUT' });
  const result = client.result(order, 'o-1');
  await turn();
  await store.commit(completed, { kind: 'at', version: 1, run: head().run });
  expect(await result).toBe(7);
  expect(await client.result(order, 'o-1')).toBe(7);
  expect(store.waiting).toBe(0);
});

test('a wait for the end sleeps through other commits, and wakes for a parked event', async () => {
  const { store } = watched();
  const woken: string[] = [];
  const wait = (): void => void store.changed(pid, undefined, true).then(() => woken.push('end'));
  await store.commit(head(), { kind: 'absent' });
  wait();
  void store.changed(pid).then(() => woken.push('change'));
  await store.commit(head({ version: 2 }), { kind: 'at', version: 1, run: head().run });
  await turn();
  expect(woken).toEqual(['change']);
  await store.watching(new MemoryParkingStore()).park({ pid, id: '1', reason: 'POISON', detail: 'd', body: 'b', parkedAt: 1 });
  await turn();
  expect(woken).toEqual(['change', 'end']);
  wait();
  await store.commit({ ...completed, version: 3 }, { kind: 'at', version: 2, run: head().run });
  await turn();
  expect([woken.length, store.waiting]).toEqual([3, 0]);
});

test('a wait of another process ends after a minute, because that process does not say when it has lost interest', async () => {
  const { ports, store } = watched();
  const changed = offeredClientPorts(ports, systemContract(shop))['client.changed'] as (pid: string) => Promise<void>;
  const renewed = changed(pid);
  await turn();
  expect(store.waiting).toBe(1);
  ports.clock.advance(60_000);
  await renewed;
  expect(store.waiting).toBe(0);
});
