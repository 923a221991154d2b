import type { Head } from '../ports/process-store.ts';
import type { ClientPorts } from './connection.ts';

/** How often a head is read where the connection gives no hint. */
const POLL_MS = 50;

export interface WaitOptions<T> {
  /** What was waited for, or undefined while it has not come; a head that can never bring it is thrown on. */
  readonly look: (head: Head | undefined) => T | undefined;
  readonly timeoutMs?: number;
  /** What is thrown at the end of `timeoutMs`. */
  readonly timedOut: (head: Head | undefined) => Error;
}

/** Reads the head of `pid`, now and whenever it has changed, until `look` finds what it looks for. */
export async function waitForHead<T>(ports: ClientPorts, pid: string, options: WaitOptions<T>): Promise<T> {
  const first = await lookAt(ports, pid, options);
  if (first.found !== undefined) return first.found;
  const ended = new AbortController();
  const { timeoutMs = Infinity } = options;
  const deadline = ports.clock.now() + timeoutMs;
  // One sleep for the whole wait: an instance may change often before it ends.
  const late = timeoutMs === Infinity ? undefined : ports.clock.sleep(timeoutMs, ended.signal);
  try {
    for (;;) {
      // The hint is asked for before the head is read, so that no change falls in between.
      const changed = ports.changed?.(pid, ended.signal) ?? ports.clock.sleep(POLL_MS, ended.signal);
      // It may be left behind: then nobody else hears its rejection.
      changed.catch(() => undefined);
      const { found, head } = await lookAt(ports, pid, options);
      if (found !== undefined) return found;
      if (ports.clock.now() >= deadline) throw options.timedOut(head);
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
