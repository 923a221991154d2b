import { calendarText, type CalendarRule } from '../contract/calendar.ts';
import { DURATION_MAX_MS } from '../contract/duration.ts';
import { INSTANT_MAX } from '../contract/instant.ts';
import type { Decided } from './journal-entry.ts';
import { journal } from './journal.ts';
import { isClosed, type ArmedTimer, type TimerPurpose } from './image.ts';
import type { ProcessRun, Scope, SleepStep, Undated } from './run.ts';
import { nextPath, rejectIfCancelled } from './run.ts';

/** The next number of a command, timer or event. A replay takes the recorded number of the path. */
export function allocate(run: ProcessRun, type: Decided['type'], path: string): number {
  const recorded = run.expected?.numberOf(type, path);
  const n = recorded ?? run.image.seq;
  run.image.seq = Math.max(run.image.seq, n + 1);
  return n;
}

interface WantedTimer {
  readonly path: string;
  readonly due: number;
  readonly purpose: TimerPurpose;
  /** The rule that gave the instant. */
  readonly rule?: CalendarRule | undefined;
}

/** Journals and arms a timer, and returns its number. */
export function setTimer(run: ProcessRun, { path, due: wanted, purpose, rule }: WantedTimer): number {
  const due = dueOf(run, path, wanted);
  const n = allocate(run, 'TimerSet', path);
  journal(run, { type: 'TimerSet', n, path, due, ...(rule && { rule: calendarText(rule) }) });
  run.image.timers.set(n, { n, path, due, purpose });
  return n;
}

/** Timers are limited to the last instant of the calendar. A recorded timer of a release without this limit stays as it is. */
function dueOf(run: ProcessRun, path: string, wanted: number): number {
  const far = run.image.clock + DURATION_MAX_MS;
  const recorded = wanted >= far ? (run.expected?.recorded('TimerSet', path)?.due ?? 0) : 0;
  return recorded >= far ? recorded : Math.min(wanted, INSTANT_MAX);
}

/** Drops a timer without a journal entry: the decision that cancels it has an entry. */
export function clearTimer(run: ProcessRun, n: number): void {
  run.image.timers.delete(n);
}

/** `ctx.sleep` and `ctx.until`. A timer with an instant in the past fires in the same commit. */
export function sleep(run: ProcessRun, scope: Scope, name: 'sleep' | 'until', when: number | CalendarRule): SleepStep {
  const step: SleepStep = { kind: 'sleep', path: nextPath(scope, name), scope, status: 'open', resolver: undefined, timer: 0 };
  if (rejectIfCancelled(run, step)) return step;
  wakeAt(run, { step, path: step.path, purpose: 'sleep' }, when);
  return step;
}

/** Sets the timer of a step at once, or leaves it to the front end, which asks the host for the instant of a rule. */
export function wakeAt(run: ProcessRun, wanted: Omit<Undated, 'rule'>, when: number | CalendarRule): void {
  wanted.step.scope.open.add(wanted.step);
  if (typeof when === 'number') setStep(run, wanted, when);
  else run.undated.push({ ...wanted, rule: when });
}

/** The next step that still needs the instant of its rule. In a replay the instant is the recorded one, so no host is asked. */
export function nextUndated(run: ProcessRun): (Undated & { readonly recorded: number | undefined }) | undefined {
  for (let undated = run.undated.shift(); undated; undated = run.undated.shift()) {
    const { step, path } = undated;
    if (step.status !== 'open') continue;
    const { expected } = run;
    return { ...undated, recorded: expected && (expected.recorded('TimerSet', path)?.due ?? run.image.clock) };
  }
  return undefined;
}

/** Sets the timer of a step to an instant. */
export function setStep(run: ProcessRun, { step, path, purpose, rule }: Omit<Undated, 'rule'> & Partial<Undated>, due: number): void {
  step.timer = setTimer(run, { path, due, purpose, rule });
  run.steps.set(step.timer, step);
}

/** The earliest timer or command that is due at the process time; of two at one instant, the one with the lower number. */
export function nextDue(run: ProcessRun): { readonly n: number; readonly timer: ArmedTimer | undefined } | undefined {
  const { clock, timers, commands } = run.image;
  let best: { n: number; due: number; timer: ArmedTimer | undefined } | undefined;
  const offer = (n: number, due: number, timer: ArmedTimer | undefined): void => {
    if (due <= clock && (!best || due < best.due || (due === best.due && n < best.n))) best = { n, due, timer };
  };
  for (const timer of timers.values()) offer(timer.n, timer.due, timer);
  for (const command of commands.values()) offer(command.n, command.due, undefined);
  return best;
}

/** The earliest due instant of all timers and commands, Infinity if there is none. */
export function earliestDue(run: ProcessRun): number {
  let earliest = Infinity;
  for (const timer of run.image.timers.values()) if (timer.due < earliest) earliest = timer.due;
  for (const command of run.image.commands.values()) if (command.due < earliest) earliest = command.due;
  return earliest;
}

/**
 * Invariant T (docs/protocol.md#timers): if the earliest wake-up is within `tickThresholdMs`, a tick is in flight for an instant no later
 * than it; else the due index holds an instant no later. Neither is ever moved later: an early wake-up arms again. A closed instance, which
 * can only undo late successes, uses the index alone, because a lost tick of it would not be found.
 */
export function arm(run: ProcessRun): void {
  const { image } = run;
  const earliest = earliestDue(run);
  if (earliest === Infinity) return;
  if (isClosed(image.status) || earliest - image.clock > run.environment.tickThresholdMs) {
    if ((image.due ?? Infinity) > earliest) image.due = earliest;
  } else if ((image.tickAt ?? Infinity) > earliest) {
    image.tickAt = earliest;
    image.pendingSends.push({ n: 0, kind: 'tick', cause: run.carrier.cause, messageId: run.carrier.messageId, at: earliest });
  }
}

/** Sets a decider's timer; there is at most one of each name. If it is already set, `move` changes its instant, else nothing changes. */
export function setNamedTimer(run: ProcessRun, name: string, due: number, move: boolean): void {
  const set = named(run, name);
  if (set && !move) return;
  if (set) clearTimer(run, set.n);
  setTimer(run, { path: name, due, purpose: 'named' });
}

export function clearNamedTimer(run: ProcessRun, name: string): void {
  const set = named(run, name);
  if (!set) return;
  clearTimer(run, set.n);
  journal(run, { type: 'TimerCleared', n: set.n, path: name });
}

function named(run: ProcessRun, name: string): ArmedTimer | undefined {
  for (const timer of run.image.timers.values()) if (timer.purpose === 'named' && timer.path === name) return timer;
  return undefined;
}
