import type { Clock } from '../../ports/clock.ts';

/** `setTimeout` accepts at most 2^31 - 1 ms and fires at once above. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** The machine's clock. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    let left = milliseconds;
    while (left > 0 && signal?.aborted !== true) {
      const part = Math.min(left, LONGEST_TIMEOUT_MS);
      await timeout(part, signal);
      left -= part;
    }
  }
}

function timeout(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
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
