import type { Clock } from '../../ports/clock.ts';
import type { InstanceIndex } from '../../ports/instance-index.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Dispatch } from '../send/dispatch.ts';
import { tickAtOf } from '../../format/head-codec.ts';
import { INBOX, inboxBody } from '../../format/inbox-message.ts';
import { reasonsOf, sendAll } from '../send/send-all.ts';
import { tenantsInTurn } from './tenants-in-turn.ts';

export interface WakePorts {
  readonly index: Pick<InstanceIndex, 'list' | 'tenants'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly sender: MessageSender;
}

export interface WakeOptions {
  /** How long the caller will still wait, in milliseconds. @default no limit */
  readonly remainingMs?: () => number;
  /** Called with each running instance that is looked at. @default no receiver */
  readonly seen?: ((head: Head) => void) | undefined;
}

export interface Woken {
  /** Ticks that were sent. */
  readonly count: number;
  /** Instances, among those that were read, with a command of unknown outcome. */
  readonly unresolved: number;
  /** Why ticks could not be sent, each reason once; the next run sends them again. */
  readonly unsent: readonly string[];
  /** Whether every running instance was looked at. */
  readonly whole: boolean;
}

/**
 * SQS delays a message by at most 15 minutes, and a receive hides it for two: after this time a tick is lost, or the inbox is far behind.
 */
const GRACE_MS = 30 * 60_000;
/** Ticks that are sent at a time. */
const PAGE = 100;
const TICKS_MAX = 10_000;
/** No page of heads is read with less than this left. */
const READ_MS = 5_000;

/**
 * Sends lost ticks again, tenant by tenant: to each running instance whose tick is overdue. A near timer is carried by a message of the
 * inbox alone, and that message is lost if a queue is purged, or if the table is restored to an instant before the tick. It writes nothing:
 * the head decides, and a tick that was only late is a duplicate.
 *
 * It costs one read, of half a unit for a small head, for each running instance that was started before the grace. Timers of the due index
 * are woken by sweep-timers, so nothing is left to do here for closed instances (their timers are all in that index), for early buffers and
 * for the embedded runtime; `resume` arms the timers of a stuck instance again.
 */
export async function wakeOverdue({ index, clock, sender }: WakePorts, { remainingMs = noLimit, seen }: WakeOptions = {}): Promise<Woken> {
  const before = clock.now() - GRACE_MS;
  let [count, asked, unresolved] = [0, 0, 0];
  let ticks: Dispatch[] = [];
  const unsent = new Set<string>();
  const flush = async (): Promise<void> => {
    const results = await sendAll(ticks, sender);
    count += results.filter((result) => result === 'sent').length;
    for (const reason of reasonsOf(results)) unsent.add(reason);
    ticks = [];
  };
  const isOver = (): boolean => remainingMs() < READ_MS || asked === TICKS_MAX;
  /** Whether every running instance of the tenant was looked at. */
  const wakeOf = async (tenant: string): Promise<boolean> => {
    if (isOver()) return false;
    for await (const head of index.list({ tenant, statuses: ['running'], startedBefore: before })) {
      if (isOver()) return false;
      if (isUnresolved(head)) unresolved += 1;
      seen?.(head);
      const tickAt = tickAtOf(head);
      if (tickAt === undefined || tickAt > before) continue;
      asked += 1;
      ticks.push({
        to: 'queue',
        queue: INBOX,
        body: inboxBody({ tutti: 'tick', pid: head.pid, run: head.run, tickAt }),
        groupId: head.pid,
        n: 0,
      });
      if (ticks.length === PAGE) await flush();
    }
    return true;
  };
  let whole = true;
  for (const tenant of await tenantsInTurn(index, clock.now())) {
    whole = await wakeOf(tenant);
    if (!whole) break;
  }
  await flush();
  return { count, unresolved, unsent: [...unsent], whole };
}

function isUnresolved({ unresolved = 0 }: Head): boolean {
  return unresolved > 0;
}

function noLimit(): number {
  return Infinity;
}

/** More stuck instances than this are one fault of a process or a service, and a higher number adds nothing. */
const STUCK_MAX = 1_000;

/**
 * Counts the stuck instances, up to a thousand and no longer than the caller waits, and those of them that are unresolved too. It reads the
 * head of each.
 */
export async function countStuck(
  { index, clock }: Pick<WakePorts, 'index' | 'clock'>,
  { remainingMs = noLimit }: WakeOptions = {},
): Promise<{ readonly stuck: number; readonly unresolved: number }> {
  let [stuck, unresolved] = [0, 0];
  for (const tenant of await tenantsInTurn(index, clock.now())) {
    if (remainingMs() < READ_MS) break;
    for await (const head of index.list({ tenant, statuses: ['stuck'] })) {
      stuck += 1;
      if (isUnresolved(head)) unresolved += 1;
      if (stuck === STUCK_MAX) return { stuck, unresolved };
    }
  }
  return { stuck, unresolved };
}
