import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { sweepTimers } from '../../lib/engine/sweep-timers.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';

/** What the SDK opens to one host: a call that waits for a connection runs out of time, and is made again. */
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
  const swept = await sweepTimers({ index: { due: async () => due }, clock: new VirtualClock(5), sender: { send } }, 0);
  expect(swept).toEqual({ count: 10_000, unsent: [] });
  expect(woken.size).toBe(10_000);
  expect(most).toBeLessThanOrEqual(CONNECTIONS);
});
