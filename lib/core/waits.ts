import { journal } from './journal.ts';
import type { ProcessRun, Scope, Signal, WaitStep } from './run.ts';
import { nextPath, rejectIfCancelled, touch } from './run.ts';
import { clearTimer, setTimer } from './timers.ts';

/** `ctx.waitFor`: takes the first unread event that matches, or waits for one. */
export function waitFor(
  run: ProcessRun,
  scope: Scope,
  { event, match, timeoutMs }: Pick<WaitStep, 'event' | 'match'> & { readonly timeoutMs: number | undefined },
): WaitStep {
  const step: WaitStep = {
    kind: 'wait',
    path: nextPath(scope, event),
    scope,
    status: 'open',
    resolver: undefined,
    event,
    match,
    order: run.position,
    timer: undefined,
  };
  if (rejectIfCancelled(run, step)) return step;
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
    step.timer = setTimer(run, `${step.path}/timeout`, run.image.clock + timeoutMs, 'wait');
    run.steps.set(step.timer, step);
  }
  return step;
}

function matches(step: WaitStep, signal: Signal): boolean {
  return signal.event === step.event && (step.match?.(signal.data as never) ?? true);
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
  step.status = 'settled';
  step.scope.open.delete(step);
  run.outcomes.push({ kind: 'fulfil', step, value: signal.data });
}

/** Removes a wait from the list, with its time-out. */
export function endWait(run: ProcessRun, step: WaitStep): void {
  run.waits.splice(run.waits.indexOf(step), 1);
  if (step.timer !== undefined) {
    clearTimer(run, step.timer);
    run.steps.delete(step.timer);
  }
}
