import { noteQuestion } from './effects.ts';
import type { CalendarRule } from '../contract/calendar.ts';
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

/** Gives a received event to the first wait that it matches, else keeps it as unread. */
export function receiveSignal(run: ProcessRun, signal: Signal): void {
  const step = run.waits.find((wait) => matches(wait, signal));
  if (!step) {
    run.unread.push(signal);
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
  step.scope.open.delete(step);
  run.outcomes.push({ kind: 'fulfil', step, value: step.loop ? messageOf(signal) : signal.data });
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
