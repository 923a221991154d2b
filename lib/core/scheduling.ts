import { occurrenceId } from '../contract/schedule-instance.ts';
import { SCHEDULED_MAX } from '../contract/schedule.ts';
import type { Overlap, ScheduleSpec } from '../contract/runtime-contract.ts';
import type { Occurrence } from '../contract/schedule.ts';
import type { Result, TimeDecision } from './journal-entry.ts';

/** A time that waits for the end of an earlier one. */
export interface WaitingTime {
  readonly at: number;
  readonly local: string;
}

/** An instance that the schedule has started and that has not ended. */
export interface RunningTime {
  /** Number of the command that started it. */
  readonly n: number;
  readonly id: string;
}

/** The state of the instance of a schedule. It is the view, so `describe` returns it. */
export interface ScheduleState {
  readonly name: string;
  readonly spec: ScheduleSpec;
  /** First 16 hex digits of the SHA-256 of the canonical spec. */
  readonly hash: string;
  /** A system lists it, or a client has created it. */
  readonly origin: 'system' | 'client';
  /** Every time up to this instant is decided. */
  readonly covered: number;
  readonly next?: Occurrence & { readonly due: number };
  /** The last time that was decided. */
  readonly last?: Occurrence & { readonly result: Result };
  readonly paused?: { readonly since: number; readonly by: string; readonly reason: string };
  /** Since when the code of the system does not list it. It ends if that lasts longer than a deploy. */
  readonly unlisted?: number;
  readonly running: readonly RunningTime[];
  readonly waiting: readonly WaitingTime[];
  readonly started: number;
  /** Times that were not started: of an overlap, of a pause, and of a gap. */
  readonly skipped: number;
  /** Times that passed while no engine ran. */
  readonly missed: number;
}

/** With `catchUp: 'none'` a time that is later than this is missed: longer than a deploy, and than a message is hidden. */
export const ON_TIME_MS = 15 * 60_000;
/** Of a long time without engine, at most so many times are computed. The count of the decision is then a lower bound. */
export const COUNTED_MAX = 1_000;

/** A decision of the reducer, to be executed by the front end. */
export type ScheduleAct =
  | { readonly kind: 'decided'; readonly decision: TimeDecision }
  | { readonly kind: 'start'; readonly time: WaitingTime; readonly id: string }
  | { readonly kind: 'cancel'; readonly n: number };

/** The state after a message, and what to do. */
export interface Scheduled {
  readonly state: ScheduleState;
  readonly acts: readonly ScheduleAct[];
}

/**
 * Decides the times that have come. `times`: all of them that are not decided, in order; the calendar of the host has computed them.
 *
 * T1 Every time is decided once: started, waiting, skipped or missed. A waiting time is decided again when it is started or replaced.
 * T2 A time that is later than `within` is missed, whatever else holds.
 * T3 Of several times at once, `catchUp` chooses. A single one is started, with `'none'` only if it is on time.
 * T4 A schedule decides nothing while it is paused. Its times of a pause are skipped at its end.
 * T5 With `gap: 'skip'` a time that the clocks skip is decided with the next one: it is skipped.
 */
export function timesCame(state: ScheduleState, came: readonly Occurrence[], now: number): Scheduled {
  const { spec } = state;
  const build = new Build(state);
  for (const { at, local, gap } of came) if (gap) build.passOver([{ at, local }], { result: 'skipped', reason: 'gap' });
  const times = came.filter(({ gap }) => !gap);
  const late = times.filter(({ at }) => now - at > spec.withinMs + spec.jitterMs);
  build.passOver(late, { result: 'missed', reason: 'late' });
  const left = times.slice(late.length);
  const chosen = caughtUp(left, spec, now);
  const passed = left.slice(0, left.length - chosen.length);
  build.passOver(passed, { result: 'missed', reason: spec.catchUp === 'none' ? 'late' : spec.catchUp === 'all' ? 'full' : 'later' });
  for (const time of chosen) build.offer(time, spec.overlap);
  return build.done();
}

/** More than `COUNTED_MAX` times have passed: those before the recent ones are missed, and not all of them are counted. */
export function manyPassed(state: ScheduleState, times: readonly Occurrence[], recent: readonly Occurrence[]): Scheduled {
  const [first] = recent;
  const before = first ? times.filter(({ at }) => at < first.at) : times;
  return new Build(state).passOver(before, { result: 'missed', reason: 'late', more: true });
}

/** The last of these times, which `catchUp` starts. */
function caughtUp(times: readonly Occurrence[], { catchUp, jitterMs }: ScheduleSpec, now: number): readonly Occurrence[] {
  if (catchUp === 'all') return times.slice(-SCHEDULED_MAX);
  const last = times.slice(-1);
  return catchUp === 'none' ? last.filter(({ at }) => now - at <= ON_TIME_MS + jitterMs) : last;
}

/** Starts times on request: now (`trigger`), or of the past (`backfill`). Neither `within` nor a pause holds them. */
export function timesAsked(state: ScheduleState, times: readonly Occurrence[], overlap: Overlap): Scheduled {
  const build = new Build(state);
  for (const time of times) build.offer(time, overlap);
  return build.done();
}

/** An instance that the schedule has started has ended, so the next waiting time is started. */
export function instanceEnded(state: ScheduleState, n: number): Scheduled {
  const build = new Build({ ...state, running: state.running.filter((each) => each.n !== n) });
  build.startWaiting();
  return build.done();
}

/** These times passed while the schedule was paused. `more`: there were others. */
export function timesPaused(state: ScheduleState, times: readonly Occurrence[], more: boolean): Scheduled {
  return new Build(state).passOver(times, { result: 'skipped', reason: 'paused', ...(more && { more }) });
}

/** A schedule ends: times that wait are not started. */
export function scheduleEnded(state: ScheduleState): Scheduled {
  const build = new Build({ ...state, waiting: [] });
  return build.passOver(state.waiting, { result: 'skipped', reason: 'ended' });
}

class Build {
  #state: ScheduleState;
  readonly #acts: ScheduleAct[] = [];
  /** Instances that are started by this decision have no number yet. */
  #starting: string | undefined;

  constructor(state: ScheduleState) {
    this.#state = state;
  }

  done(): Scheduled {
    return { state: this.#state, acts: this.#acts };
  }

  /** One decision about all of these times. */
  passOver(
    times: readonly WaitingTime[],
    why: Pick<TimeDecision, 'reason' | 'more'> & { readonly result: 'skipped' | 'missed' },
  ): Scheduled {
    const [first] = times;
    const last = times.at(-1);
    if (!first || !last) return this.done();
    const range = times.length > 1 ? { until: last.local, count: times.length } : {};
    this.#decided({ local: first.local, at: first.at, ...why, ...range }, last);
    return this.done();
  }

  offer(time: Occurrence, overlap: Overlap): void {
    const behind = this.#starting ?? this.#state.running[0]?.id;
    if (overlap === 'allow' || behind === undefined) return this.#start(time);
    const { waiting, running } = this.#state;
    if (overlap === 'skip') return this.#decided({ ...time, result: 'skipped', reason: 'overlap', behind });
    if (overlap === 'cancel') {
      for (const old of waiting) this.#decided({ ...old, result: 'skipped', reason: 'replaced', behind });
      if (waiting.length === 0) for (const { n } of running) this.#acts.push({ kind: 'cancel', n });
      this.#state = { ...this.#state, waiting: [time] };
    } else {
      const most = overlap === 'queue-one' ? 1 : SCHEDULED_MAX;
      if (waiting.length >= most) return this.#decided({ ...time, result: 'skipped', reason: 'full', behind });
      this.#state = { ...this.#state, waiting: [...waiting, time] };
    }
    this.#decided({ ...time, result: 'waiting', behind });
  }

  /** Starts the first waiting time, unless an instance still runs. */
  startWaiting(): void {
    const [first, ...waiting] = this.#state.waiting;
    if (!first || this.#state.running.length > 0) return;
    this.#state = { ...this.#state, waiting };
    this.#start(first);
  }

  #start(time: WaitingTime): void {
    const id = occurrenceId(this.#state.name, time.local, this.#state.spec.zone);
    this.#decided({ local: time.local, at: time.at, result: 'started' });
    this.#acts.push({ kind: 'start', time, id });
    this.#starting = id;
  }

  #decided(decision: TimeDecision, last: WaitingTime = decision): void {
    const { result, count = 1 } = decision;
    this.#acts.push({ kind: 'decided', decision });
    const counted = result === 'waiting' ? {} : { [result]: this.#state[result] + count };
    this.#state = { ...this.#state, ...counted, last: { at: last.at, local: last.local, result } };
  }
}

/** The delay of a start within `jitterMs`. It depends on the id alone, so each worker computes the same. */
export function jitterOf(hash: (text: string) => string, id: string, jitterMs: number): number {
  return jitterMs === 0 ? 0 : Number.parseInt(hash(id).slice(0, 12), 16) % (jitterMs + 1);
}
