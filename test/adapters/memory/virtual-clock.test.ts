import { expect, test } from 'vitest';
import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import { WaitSignal } from '../../../lib/ports/clock.ts';

test('an instant at which a sleeper wakes is a whole millisecond', () => {
  const clock = new VirtualClock(1_000);
  void clock.sleep(4.25);
  expect(clock.nextWakeAt()).toBe(1_005);
});

test('a sleep ends when its signal aborts, and a signal calls each listener once, unless the listener was removed', async () => {
  const clock = new VirtualClock();
  const signal = new WaitSignal();
  const calls: string[] = [];
  const removed = (): void => void calls.push('removed');
  signal.addEventListener('abort', () => calls.push('kept'));
  signal.addEventListener('abort', removed);
  signal.removeEventListener('abort', removed);
  const slept = clock.sleep(1_000, signal);
  signal.abort();
  signal.abort();
  await slept;
  expect([calls, clock.now(), signal.aborted]).toEqual([['kept'], 0, true]);
  await clock.sleep(1_000, signal);
});
