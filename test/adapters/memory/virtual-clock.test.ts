import { expect, test } from 'vitest';
import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';

test('an instant at which a sleeper wakes is a whole millisecond', () => {
  const clock = new VirtualClock(1_000);
  void clock.sleep(4.25);
  expect(clock.nextWakeAt()).toBe(1_005);
});
