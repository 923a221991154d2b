import type { Abortable, Clock } from '../../ports/clock.ts';

/** `setTimeout` accepts at most 2^31 - 1 ms and fires at once above. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** The machine's clock. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  sleep(milliseconds: number, signal?: Abortable): Promise<void> {
    return milliseconds <= LONGEST_TIMEOUT_MS ? timeout(milliseconds, signal) : sleepInParts(milliseconds, signal);
  }
}

async function sleepInParts(milliseconds: number, signal: Abortable | undefined): Promise<void> {
  for (let left = milliseconds; left > 0 && signal?.aborted !== true; left -= LONGEST_TIMEOUT_MS)
    await timeout(Math.min(left, LONGEST_TIMEOUT_MS), signal);
}

function timeout(milliseconds: number, signal: Abortable | undefined): Promise<void> {
  if (milliseconds <= 0 || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}
