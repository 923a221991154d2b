import { expect, test } from 'vitest';
import { MemoryInstanceIndex } from '../../lib/adapters/memory/instance-index.ts';
import { MemoryTable } from '../../lib/adapters/memory/table.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { sweepTimers } from '../../lib/engine/jobs/sweep-timers.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { head } from '../contracts/process-store.contract.ts';

/** Connections that the SDK opens to one host: a call that waits for one times out, and is retried. */
const CONNECTIONS = 50;

test('a crowd of timers is woken with no more calls at a time than there are connections', async () => {
  const due = Array.from({ length: 10_000 }, (_, n) => ({ pid: `default#trip#${n}`, run: 'r1', due: 1 }));
  let now = 0;
  let most = 0;
  const woken = new Set<string>();
  const send: MessageSender['send'] = async (_, messages) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    for (const { body } of messages) woken.add(body);
    return messages.map(() => ({ status: 'sent', messageId: 'm' }));
  };
  const swept = await sweepTimers({
    index: { due: async (_instant, _limit, after) => (after ? [] : due) },
    clock: new VirtualClock(5),
    sender: { send },
  });
  expect(swept).toEqual({ count: 10_000, unsent: [], whole: true });
  expect(woken.size).toBe(10_000);
  expect(most).toBeLessThanOrEqual(CONNECTIONS);
});

/** A number of instances, all due; the calls for ticks are counted. */
const crowd = (size: number) => {
  const heads = new MemoryTable<string, Head>();
  for (let n = 0; n < size; n += 1) heads.set(`default#trip#${n}`, head({ pid: `default#trip#${n}`, due: 1 + (n % 3) }));
  const index = new MemoryInstanceIndex(heads);
  const woken: string[] = [];
  let calls = 0;
  const send: MessageSender['send'] = async (_, messages) => {
    calls += 1;
    woken.push(...messages.map(({ groupId }) => groupId ?? ''));
    return messages.map(() => ({ status: 'sent', messageId: 'm' }));
  };
  return { ports: { index, clock: new VirtualClock(5), sender: { send } }, heads, index, woken, calls: () => calls };
};

test('a sweep goes on beyond 10,000 timers, in calls of ten, and wakes each once', async () => {
  const { ports, woken, calls } = crowd(25_000);
  expect(await sweepTimers(ports)).toEqual({ count: 25_000, unsent: [], whole: true });
  expect([woken.length, new Set(woken).size, calls()]).toEqual([25_000, 25_000, 2_500]);
});

test('a sweep reports that its time did not suffice, and the next sweep reaches the rest, since advanced instances are due no more', async () => {
  const { ports, heads, index, woken } = crowd(25_000);
  const first = await sweepTimers(ports, { remainingMs: () => 14_000 });
  expect(first).toEqual({ count: 10_000, unsent: [], whole: false });
  for (const pid of woken) {
    const before = heads.get(pid) as Head;
    const { due: _, ...after } = before;
    heads.set(pid, after);
    index.written(after, before);
  }
  const second = await sweepTimers(ports);
  expect(second).toEqual({ count: 15_000, unsent: [], whole: true });
  expect(new Set(woken).size).toBe(25_000);
});
