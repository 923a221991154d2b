import * as z from 'zod';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { process, system } from '../../lib/index.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { enginePortsOf } from '../../lib/local/engine-ports.ts';
import { INBOX_QUEUE, openState } from '../../lib/local/state.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';

const START = Date.parse('2026-11-21T10:00:00.000Z');
const PART = 100;

const item = process('item', { input: z.int() }, async (_ctx, n) => n);
const part = process('part', { input: z.int() }, async (ctx, from) => {
  const numbers = Array.from({ length: PART }, (_, i) => from + i);
  const values = await ctx.map(numbers, (_, n) => ctx.child(item, n));
  return values.reduce((sum, value) => sum + value, 0);
});
const whole = process('whole', { input: z.int() }, async (ctx, count) => {
  const parts = Array.from({ length: count / PART }, (_, i) => i * PART);
  const sums = await ctx.map(parts, (_, from) => ctx.child(part, from));
  return sums.reduce((sum, value) => sum + value, 0);
});
const shop = system('shop', { processes: [whole, part, item], services: [] });

/** Maps over `count` items on the embedded runtime's state. Counts its commits, its messages, and the longest control state. */
const mapped = async (
  count: number,
): Promise<{ readonly result: number; readonly commits: number; readonly sent: number; readonly longest: number }> => {
  const clock = new VirtualClock(START);
  const state = openState({ system: systemContract(shop), clock });
  const ports = enginePortsOf(state);
  let [commits, sent, longest] = [0, 0, 0];
  const store: typeof ports.store = {
    load: (pids, options) => ports.store.load(pids, options),
    buffer: (event) => ports.store.buffer(event),
    spill: (chunk) => ports.store.spill(chunk),
    chunks: (pid, run) => ports.store.chunks(pid, run),
    commit: async (head, condition) => {
      commits += 1;
      longest = Math.max(longest, head.control.length);
      return ports.store.commit(head, condition);
    },
  };
  const engine = memoryEngine({ system: shop, ports: { ...ports, store }, clock, random: () => 0.5, tickThresholdMs: -1 });
  const inbox = state.queues.get(INBOX_QUEUE) as MemoryMessageQueue;
  const start = {
    startid: 's-1',
    tenant: 'default',
    process: 'whole',
    id: 'w-1',
    data: count,
    time: new Date(START).toISOString(),
    by: 'test',
  };
  inbox.put(inboxBody({ tutti: 'start', ...start }));
  for (;;) {
    const messages = await inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    if (messages.length === 0) break;
    sent += messages.length;
    const { acknowledge, giveBack } = await engine.advance(messages);
    await inbox.delete(acknowledge);
    await inbox.changeVisibility(giveBack);
  }
  const [head] = await state.processStore.load(['default#whole#w-1'], { consistent: true });
  const [end] = (head?.tail ?? []).slice(-1).map((text) => JSON.parse(text) as { readonly data: number });
  return { result: end?.data ?? -1, commits, sent, longest };
};

test('10,000 items run through nested children, each at the cost of one of 1,000', { timeout: 300_000 }, async () => {
  const few = await mapped(1_000);
  const many = await mapped(10_000);
  expect(few.result).toBe((1_000 * 999) / 2);
  expect(many.result).toBe((10_000 * 9_999) / 2);
  // The command and the reply of each item, and of each part; the start of the whole.
  expect(many.sent).toBe(2 * 10_000 + 2 * 100 + 1);
  expect(many.commits / 10_000).toBeLessThan(2.1);
  expect(many.commits / 10_000).toBeLessThanOrEqual((few.commits / 1_000) * 1.05);
  expect(many.longest).toBeLessThan(16_384);
});
