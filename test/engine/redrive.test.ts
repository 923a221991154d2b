import { expect, test } from 'vitest';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { EngineContext } from '../../lib/engine/engine-context.ts';
import { redrive } from '../../lib/engine/acknowledge/redrive.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';

const PID = 'default#trip#a';

test('a crowd that is parked comes back in as many calls of a function as it takes, each event once', async () => {
  const parking = new MemoryParkingStore();
  const bodies = Array.from({ length: 250 }, (_, n) => `{"n":${n}}`);
  for (const [n, body] of bodies.entries())
    await parking.park({ pid: PID, id: `${String(n).padStart(15, '0')}#m`, reason: 'STUCK', detail: '', body, parkedAt: 1 });
  const sent: string[] = [];
  const send: MessageSender['send'] = async (_, messages) => {
    sent.push(...messages.map(({ body }) => (JSON.parse(body) as { readonly body: string }).body));
    return messages.map(() => ({ status: 'sent', messageId: 'm' }));
  };
  const call = (...remaining: number[]): Promise<boolean> => {
    const context = { options: { parking, sender: { send }, clock: new VirtualClock(9) }, remainingMs: () => remaining.shift() ?? 0 };
    return redrive(context as unknown as EngineContext, PID);
  };
  expect(await call(30_000, 2_000)).toBe(false);
  expect(sent).toHaveLength(100);
  expect(await call(2_000)).toBe(false);
  expect(await call(30_000, 20_000)).toBe(true);
  expect(sent).toEqual(bodies);
  expect(await parking.parked(PID)).toEqual([]);
});
