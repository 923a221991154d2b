import type { Visit } from './shoppers.ts';

/** The load of visits of examples/personalisation, from the rules of this file alone: the engine does not run. */
export interface VisitLoad {
  visits: number;
  /** Events of the shop. */
  acts: number;
  /** Computations of recommendations. */
  refreshes: number;
  /** Mails about a cart that was left. */
  reminders: number;
  /** Wake-up messages, those of the sweep included. */
  ticks: number;
  commits: number;
  indexWrites: number;
  /** Entries on the bus in each minute of a day. */
  readonly busMinutes: Uint32Array;
  /** Instances that the sweep wakes in each minute of a day. */
  readonly sweptMinutes: Uint32Array;
}

const MINUTES = 1_440;
const MINUTE_MS = 60_000;
const REFRESH_MS = 30_000;
const OVER_MS = 86_400_000;
/** The time-out of `recommendations.compute`, and the time to its reply in `CountedWorld`. */
const TIMEOUT_MS = 60_000;
const REPLY_MS = 1_000;
/** Up to this time a wake-up is a delayed message, beyond it an entry of the due index (docs/protocol.md#timers). */
const TICK_MAX_MS = 900_000;
const NEVER = Infinity;

/** The sum of the loads of these visits, as of one day after the other. */
export const loadOf = (visits: Iterable<Visit>): VisitLoad => {
  const load: VisitLoad = {
    visits: 0,
    acts: 0,
    refreshes: 0,
    reminders: 0,
    ticks: 0,
    commits: 0,
    indexWrites: 0,
    busMinutes: new Uint32Array(MINUTES),
    sweptMinutes: new Uint32Array(MINUTES),
  };
  for (const visit of visits) addVisit(visit, load);
  return load;
};

/**
 * V1 Each act, computation, reply and end is one commit.
 * V2 A wake-up within 15 minutes takes a message, unless one for an earlier instant is in flight; its arrival is one commit.
 * V3 A later wake-up is an entry of the due index, which is never moved later: one that has become too early costs a commit.
 * V4 The list index has one write at the begin of a visit and two at its end; the due index one for each entry and one for its removal.
 */
const addVisit = (visit: Visit, load: VisitLoad): void => {
  load.visits += 1;
  load.acts += visit.length;
  load.indexWrites += 3;
  let refreshAt = NEVER;
  let replyAt = NEVER;
  let timeoutAt = NEVER;
  let overAt = NEVER;
  let tickAt = NEVER;
  let dueAt = NEVER;
  let hasCart = false;

  const commit = (now: number): void => {
    load.commits += 1;
    const earliest = Math.min(refreshAt, timeoutAt, overAt);
    if (earliest - now > TICK_MAX_MS) {
      if (dueAt <= earliest) return;
      load.indexWrites += dueAt === NEVER ? 1 : 2;
      dueAt = earliest;
    } else if (tickAt > earliest) {
      load.ticks += 1;
      tickAt = earliest;
    }
  };
  const refresh = (now: number): void => {
    if (refreshAt > now) return;
    load.refreshes += 1;
    refreshAt = NEVER;
    replyAt = now + REPLY_MS;
    timeoutAt = now + TIMEOUT_MS;
  };

  for (let next = 0; ;) {
    const act = visit[next];
    const actAt = act?.atMs ?? NEVER;
    const now = Math.min(actAt, replyAt, tickAt, dueAt);
    const minute = Math.floor(now / MINUTE_MS) % MINUTES;
    if (act && now === actAt) {
      next += 1;
      load.busMinutes[minute]! += 1;
      hasCart = act.kind !== 'purchase' && (hasCart || act.kind === 'cart');
      if (act.kind !== 'purchase' && refreshAt === NEVER) refreshAt = now + REFRESH_MS;
      overAt = now + OVER_MS;
    } else if (now === replyAt) {
      load.busMinutes[minute]! += 1;
      replyAt = NEVER;
      timeoutAt = NEVER;
    } else {
      if (now === tickAt) tickAt = NEVER;
      else {
        load.ticks += 1;
        load.indexWrites += 1;
        load.sweptMinutes[minute]! += 1;
        dueAt = NEVER;
      }
      if (overAt <= now) break;
      refresh(now);
    }
    commit(now);
  }
  load.commits += 1;
  if (dueAt !== NEVER) load.indexWrites += 1;
  if (hasCart) load.reminders += 1;
};
