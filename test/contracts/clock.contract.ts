import { describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/ports/clock.ts';

export interface PassingClock {
  readonly clock: Clock;
  /** Lets at least this time pass. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** The contract of each clock. */
export function clockContract(name: string, make: () => PassingClock): void {
  describe(`clock: ${name}`, () => {
    test('wakes a sleeper when its time has passed, not before', async () => {
      const { clock, pass } = make();
      const from = clock.now();
      const slept = clock.sleep(20).then(() => clock.now());
      await pass(20);
      expect((await slept) - from).toBeGreaterThanOrEqual(19);
    });

    test('wakes a sleeper at once when its signal aborts, and does not sleep if it has aborted before', async () => {
      const { clock } = make();
      const stop = new AbortController();
      const slept = clock.sleep(1e12, stop.signal);
      stop.abort();
      await expect(slept).resolves.toBeUndefined();
      await expect(clock.sleep(1e12, stop.signal)).resolves.toBeUndefined();
    });

    test('resolves at once for a sleep of 0', async () => {
      await expect(make().clock.sleep(0)).resolves.toBeUndefined();
    });
  });
}
