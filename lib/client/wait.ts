import { type Abortable, WaitSignal } from '../ports/clock.ts';
import type { Head } from '../ports/process-store.ts';
import type { ClientPorts } from './connection.ts';

/** Without a hint of the connection, a head is polled with a growing interval. */
const POLL_FIRST_MS = 50;
const POLL_MAX_MS = 2_000;
const POLL_GROWTH = 1.5;

export interface WaitOptions<T> {
  /** Returns the awaited value, or undefined while the head does not have it. Throws if no later head can have it. */
  readonly look: (head: Head | undefined) => T | undefined;
  /** `look` finds nothing before the instance has closed, so no other commit needs to wake the wait. @default false */
  readonly onlyClosed?: boolean;
  /** Throws if a parked message proves that no head will ever have the value. Called after each look but the first ones, because it costs a read. */
  readonly refused?: () => Promise<void>;
  readonly timeoutMs?: number;
  /** Makes the error for the end of `timeoutMs`. */
  readonly timedOut: (head: Head | undefined) => Error;
}

/** Reads the head of `pid` now and after each change, until `look` returns a value. */
export async function waitForHead<T>(ports: ClientPorts, pid: string, options: WaitOptions<T>): Promise<T> {
  let last = await lookAt(ports, pid, options);
  if (last.found !== undefined) return last.found;
  const ended = new WaitSignal();
  const { timeoutMs = Infinity } = options;
  const deadline = ports.clock.now() + timeoutMs;
  // One sleep serves the whole wait, because an instance may change many times before it ends.
  const late = timeoutMs === Infinity ? undefined : ports.clock.sleep(timeoutMs, ended);
  try {
    const { onlyClosed = false } = options;
    let change = nextChange(ports, pid, { pollMs: POLL_FIRST_MS, onlyClosed, signal: ended });
    // A change after the first look and before the subscription gives no hint, so look again. A poll needs no second look.
    if (ports.changed !== undefined) last = await lookAt(ports, pid, options);
    if (last.found !== undefined) return last.found;
    for (let pollMs = POLL_FIRST_MS * POLL_GROWTH; ; pollMs = Math.min(POLL_MAX_MS, pollMs * POLL_GROWTH)) {
      if (ports.clock.now() >= deadline) throw options.timedOut(last.head);
      await (late === undefined ? change : Promise.race([change, late]));
      // Subscribe before the look, so that no change falls in between.
      change = nextChange(ports, pid, { pollMs, onlyClosed, signal: ended });
      last = await lookAt(ports, pid, options);
      if (last.found !== undefined) return last.found;
      await options.refused?.();
    }
  } finally {
    ended.abort();
  }
}

/** Resolves at the next change of the head, or after `pollMs` if the connection gives no hint. */
function nextChange(
  ports: ClientPorts,
  pid: string,
  { pollMs, onlyClosed, signal }: { readonly pollMs: number; readonly onlyClosed: boolean; readonly signal: Abortable },
): Promise<void> {
  const change = ports.changed?.(pid, signal, onlyClosed) ?? ports.clock.sleep(pollMs, signal);
  // A wait that ends first never awaits this promise, whose rejection would then be unhandled.
  change.catch(() => undefined);
  return change;
}

async function lookAt<T>(
  ports: ClientPorts,
  pid: string,
  { look }: WaitOptions<T>,
): Promise<{ readonly found: T | undefined; readonly head: Head | undefined }> {
  const [head] = await ports.store.load([pid], { consistent: true });
  return { found: look(head), head };
}
