import { noteQuestion, withdrawQuestion } from './effects.ts';
import type { CalendarRule } from '../contract/calendar.ts';
import type { Failure } from '../contract/errors.ts';
import type { Message } from '../contract/message.ts';
import { journal } from './journal.ts';
import type { EachLoop, ProcessRun, Scope, Signal, SleepStep, WaitStep } from './run.ts';
import { nextPath, rejectIfCancelled, touch } from './run.ts';
import { subscribe } from './subscriptions.ts';
import { clearTimer, setTimer, wakeAt } from './timers.ts';

type Wanted = Pick<WaitStep, 'events' | 'match' | 'loop'> & {
  readonly timeoutMs?: number | undefined;
  /** Of an event by key. */
  readonly by?: { readonly key: string; readonly deliver: 'first' | undefined } | undefined;
};

/** `ctx.waitFor`: takes the first unread event that matches, or waits for one. */
export function waitFor(run: ProcessRun, scope: Scope, { events, match, loop, timeoutMs, by }: Wanted): WaitStep {
  const step: WaitStep = {
    kind: 'wait',
    path: nextPath(scope, nameOf(events)),
    scope,
    status: 'open',
    resolver: undefined,
    events,
    key: by?.key,
    match,
    order: run.position,
    timer: undefined,
    taken: undefined,
    ...(loop && { loop }),
  };
  if (rejectIfCancelled(run, step)) return step;
  if (by) subscribe(run, step.path, { process: run.definition.name, event: nameOf(events), key: by.key }, by.deliver);
  // `match` is user code and may throw, so it runs before any change.
  const index = run.unread.findIndex((signal) => matches(step, signal));
  scope.open.add(step);
  const [signal] = index < 0 ? [] : run.unread.splice(index, 1);
  if (signal) {
    take(run, step, signal);
    return step;
  }
  run.waits.push(step);
  if (timeoutMs !== undefined) {
    step.timer = setTimer(run, { path: `${step.path}/timeout`, due: run.image.clock + timeoutMs, purpose: 'wait' });
    run.steps.set(step.timer, step);
  }
  return step;
}

/** The name of a wait in its path, which `tutti why` shows. */
function nameOf(events: readonly string[]): string {
  return events.join(' or ');
}

/** Begins the timer of a loop. Its path is that of a wait, so `tutti why` tells the events and the end of the loop. */
export function endOfLoop(run: ProcessRun, scope: Scope, events: readonly string[], when: number | CalendarRule): SleepStep {
  const step: SleepStep = { kind: 'sleep', path: nextPath(scope, nameOf(events)), scope, status: 'open', resolver: undefined, timer: 0 };
  if (rejectIfCancelled(run, step)) return step;
  wakeAt(run, { step, path: `${step.path}/timeout`, purpose: 'wait' }, when);
  return step;
}

/**
 * The next turn of a loop: takes the first unread event of its types, or waits for one. After the end of the loop it takes only events that
 * came before the end, and returns undefined if there is none.
 */
export function nextTurn(run: ProcessRun, scope: Scope, loop: EachLoop): WaitStep | undefined {
  const { events, end } = loop;
  const { firedAt } = end ?? {};
  if (firedAt !== undefined && !run.unread.some((signal) => signal.order < firedAt && events.includes(signal.event))) return undefined;
  return waitFor(run, scope, { events, match: undefined, loop });
}

/** Ends a loop that its code leaves, with its timer. */
export function leaveLoop(run: ProcessRun, { end }: EachLoop): void {
  if (end?.status !== 'open') return;
  end.status = 'cancelled';
  end.scope.open.delete(end);
  // The host has not computed its instant yet.
  if (end.timer === 0) return;
  clearTimer(run, end.timer);
  run.steps.delete(end.timer);
  journal(run, { type: 'TimerCleared', n: end.timer, path: `${end.path}/timeout` });
}

/** The timer of a loop has fired: a turn that waits ends without an event. */
export function loopOver(run: ProcessRun, end: SleepStep): void {
  const step = run.waits.find(({ loop }) => loop?.end === end);
  if (!step) return;
  endWait(run, step);
  step.status = 'settled';
  step.scope.open.delete(step);
  run.outcomes.push({ kind: 'fulfil', step, value: undefined });
}

function matches(step: WaitStep, signal: Signal): boolean {
  return step.events.includes(signal.event) && step.key === signal.key && (step.match?.(signal.data as never) ?? true);
}

/** Gives an event to the first wait that it matches, else keeps it as unread, in order of arrival. */
export function receiveSignal(run: ProcessRun, signal: Signal): void {
  const step = run.waits.find((wait) => matches(wait, signal));
  if (!step) {
    const before = run.unread.findLastIndex(({ order }) => order < signal.order);
    run.unread.splice(before + 1, 0, signal);
    return;
  }
  endWait(run, step);
  take(run, step, signal);
  touch(run, step.scope);
}

function take(run: ProcessRun, step: WaitStep, signal: Signal): void {
  journal(run, { type: 'EventTaken', path: step.path, id: signal.id });
  noteQuestion(run, signal);
  step.status = 'settled';
  step.taken = signal;
  step.scope.open.delete(step);
  run.outcomes.push({ kind: 'fulfil', step, value: step.loop ? messageOf(signal) : signal.data });
}

/**
 * Puts back the event of a wait that does not use it: it has lost a race, or its scope ends before the code gets the event. An event that
 * the code has answered stays taken. `failure` rejects a wait that has not settled its promise yet. `handOn` follows.
 */
export function putBack(run: ProcessRun, step: WaitStep, failure: Failure): void {
  const { taken: signal, path } = step;
  if (!signal || (run.expected && !run.expected.recorded('EventPutBack', path)) || !withdrawQuestion(run, signal)) return;
  journal(run, { type: 'EventPutBack', path, id: signal.id });
  step.taken = undefined;
  run.putBack.push(signal);
  const queued = run.outcomes.findIndex((outcome) => outcome.kind === 'fulfil' && outcome.step === step);
  if (queued < 0) return;
  step.status = 'cancelled';
  run.outcomes[queued] = { kind: 'reject', step, failure };
}

/** Puts back the events of waits that have not settled their promises yet. `scope`: of its own waits only. */
export function putBackUndelivered(run: ProcessRun, failure: Failure, scope?: Scope): void {
  for (const outcome of run.outcomes)
    if (outcome.kind === 'fulfil' && outcome.step.kind === 'wait' && (!scope || outcome.step.scope === scope))
      putBack(run, outcome.step, failure);
}

/** Gives the events that were put back to the waits that are still open, else they are unread again. */
export function handOn(run: ProcessRun): void {
  for (const signal of run.putBack.splice(0).toSorted((a, b) => a.order - b.order)) receiveSignal(run, signal);
}

function messageOf({ event, data, id, source, time }: Signal): Message {
  return { type: event, data, id, source, time };
}

/** Removes a wait from the list, with its time-out. */
export function endWait(run: ProcessRun, step: WaitStep): void {
  run.waits.splice(run.waits.indexOf(step), 1);
  if (step.timer !== undefined) {
    clearTimer(run, step.timer);
    run.steps.delete(step.timer);
  }
}
