import type { Head } from '../ports/process-store.ts';
import type { ClientPorts } from './connection.ts';

/** Where the connection gives no hint, a head is read again after so long, then less and less often. */
const POLL_FIRST_MS = 50;
const POLL_MOST_MS = 2_000;
const POLL_GROWTH = 1.5;

export interface WaitOptions<T> {
  /** What was waited for, or undefined while it has not come; a head that can never bring it is thrown on. */
  readonly look: (head: Head | undefined) => T | undefined;
  /** Throws where it can never come although no head says so. Asked after the first change or pause, so seldom. */
  readonly refused?: () => Promise<void>;
  readonly timeoutMs?: number;
  /** What is thrown at the end of `timeoutMs`. */
  readonly timedOut: (head: Head | undefined) => Error;
}

/** Reads the head of `pid`, now and whenever it has changed, until `look` finds what it looks for. */
export async function waitForHead<T>(ports: ClientPorts, pid: string, options: WaitOptions<T>): Promise<T> {
  let last = await lookAt(ports, pid, options);
  if (last.found !== undefined) return last.found;
  const ended = new AbortController();
  const { timeoutMs = Infinity } = options;
  const deadline = ports.clock.now() + timeoutMs;
  // One sleep for the whole wait: an instance may change often before it ends.
  const late = timeoutMs === Infinity ? undefined : ports.clock.sleep(timeoutMs, ended.signal);
  try {
    for (let pollMs = POLL_FIRST_MS; ; pollMs = Math.min(POLL_MOST_MS, pollMs * POLL_GROWTH)) {
      // The hint is asked for before the head is read, so that no change falls in between.
      const changed = ports.changed?.(pid, ended.signal) ?? ports.clock.sleep(pollMs, ended.signal);
      // It may be left behind: then nobody else hears its rejection.
      changed.catch(() => undefined);
      // Without a hint, nothing is gained by reading it twice at once.
      if (ports.changed !== undefined || pollMs > POLL_FIRST_MS) last = await lookAt(ports, pid, options);
      if (last.found !== undefined) return last.found;
      if (pollMs > POLL_FIRST_MS) await options.refused?.();
      if (ports.clock.now() >= deadline) throw options.timedOut(last.head);
      await (late === undefined ? changed : Promise.race([changed, late]));
    }
  } finally {
    ended.abort();
  }
}

async function lookAt<T>(
  ports: ClientPorts,
  pid: string,
  { look }: WaitOptions<T>,
): Promise<{ readonly found: T | undefined; readonly head: Head | undefined }> {
  const [head] = await ports.store.load([pid], { consistent: true });
  return { found: look(head), head };
}
