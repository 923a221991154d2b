import type { Failure } from '../contract/errors.ts';
import { commandText } from '../contract/steps.ts';
import { lastErrorOf } from '../contract/wire/last-error.ts';
import { contractOf, endOfUndo, issueUndo, undoUnderNewNumber } from './issue.ts';
import type { OpenCommand } from './image.ts';
import { journal } from './journal.ts';
import type { RecordedFact } from './journal-entry.ts';
import { labelledPath } from './labels.ts';
import { backoffMs, isTriedAgain, runsUsed } from './retry.ts';
import { childScope, nextPath, touch, type ProcessRun, type Scope, type StepState, type Undoing, type UndoItem } from './run.ts';
import { clearTimer, setTimer } from './timers.ts';

/** Undoes the items one at a time, newest first. If the scope is already being undone, they join that undoing. */
export function startUndoing(
  run: ProcessRun,
  scope: Scope,
  { items, failure, done }: { readonly items: readonly UndoItem[]; readonly failure?: Failure; readonly done: () => void },
): void {
  const running = [...run.undoings].find((undoing) => undoing.scope === scope);
  if (running) {
    running.items = newestLast([...running.items, ...items]);
    running.done.push(done);
    return;
  }
  const undoing: Undoing = {
    scope,
    items: newestLast(items),
    failure,
    done: [done],
    current: undefined,
    n: undefined,
    compensation: undefined,
  };
  run.undoings.add(undoing);
  next(run, undoing);
}

function newestLast(items: readonly UndoItem[]): UndoItem[] {
  return items.toSorted((a, b) => a.order - b.order);
}

function next(run: ProcessRun, undoing: Undoing): void {
  undoing.current = undoing.items.pop();
  if (!undoing.current) {
    run.undoings.delete(undoing);
    for (const done of undoing.done) done();
  } else if (undoing.current.kind === 'command') undoing.n = issueUndo(run, undoing.current).n;
  else compensate(run, undoing, undoing.current);
}

function compensate(run: ProcessRun, undoing: Undoing, item: Extract<UndoItem, { kind: 'compensation' }>): void {
  const path = nextPath(item.scope, `${item.path.slice(item.scope.path.length)}/run`);
  journal(run, { type: 'CompensationStarted', path });
  undoing.compensation = childScope(item.scope, `${path}/`, undefined, true);
  run.outcomes.push({ kind: 'compensate', scope: undoing.compensation, body: item.body, failure: undoing.failure });
}

/** `ctx.compensate`: adds the compensation to the undo list. The first registered runs last (S6). */
export function registerCompensation(run: ProcessRun, scope: Scope, label: string, body: unknown): void {
  const path = labelledPath(run, scope, label, 'CompensationRegistered');
  journal(run, { type: 'CompensationRegistered', path });
  scope.list.push({ kind: 'compensation', order: run.position, path, scope, body });
}

/** The body of a compensation has ended. A failure makes the instance stuck; no compensation is dropped (S4). */
export function compensationEnded(run: ProcessRun, scope: Scope, failure: Failure | undefined): void {
  const undoing = [...run.undoings].find((each) => each.compensation === scope);
  // An operator has skipped it in the meantime.
  if (!undoing) return;
  undoing.compensation = undefined;
  if (!failure) {
    next(run, undoing);
    return;
  }
  const { path } = undoing.current as UndoItem;
  run.stuck = { code: 'COMPENSATION', compensation: path, message: `The compensation ${path} failed: ${failure.message}` };
}

export function undoReplied(run: ProcessRun, command: OpenCommand): void {
  const undoing = undoingOf(run, command.n);
  if (undoing) next(run, undoing);
}

/** Tries an undo again after a pause if the failure is technical and its own limits allow it; else the instance is stuck (S4). */
export function undoFailed(run: ProcessRun, command: OpenCommand, fact: Extract<RecordedFact, { type: 'CommandAnswered' }>): void {
  const runs = runsUsed(command, fact);
  if (isTriedAgain(run, command, fact, endOfUndo(run, command))) {
    const due = run.image.clock + backoffMs(contractOf(run, command.command).retry, runs, `${run.image.run}/${command.n}`);
    const n = setTimer(run, { path: `${command.path}/retry`, due, purpose: 'undo-retry' });
    run.image.resends.set(n, { ...command, retries: runs });
    const undoing = undoingOf(run, command.n);
    if (undoing) undoing.n = n;
    return;
  }
  run.image.commands.set(command.n, { ...command, due: Infinity, unknown: undefined });
  const last = lastErrorOf(fact.data);
  run.stuck = {
    code: 'COMPENSATION',
    n: command.n,
    definite: true,
    message:
      `${commandText(command.command, command.path, command.input)} ended ${fact.outcome} after ${runs} ${runs === 1 ? 'run' : 'runs'}; it undoes ${String(command.undoes)}.` +
      (last ? ` The last error was ${last.code}: ${last.message}` : ''),
  };
}

/** Issues an undo again under a new number, because the failure of the earlier one is definite. */
export function undoAgain(run: ProcessRun, before: OpenCommand, was: number): void {
  const undoing = undoingOf(run, was);
  const command = undoUnderNewNumber(run, before);
  if (undoing) undoing.n = command.n;
}

/** After `resume`: each compensation whose body failed runs again. Several can fail at one event, and the stuck reason names only one. */
export function compensateAgain(run: ProcessRun): void {
  for (const undoing of run.undoings)
    if (undoing.current?.kind === 'compensation' && !undoing.compensation) compensate(run, undoing, undoing.current);
}

/** Whether a compensation has failed and is not running. */
export function isHalted(run: ProcessRun, path: string): boolean {
  return [...run.undoings].some(({ current, compensation }) => current?.kind === 'compensation' && current.path === path && !compensation);
}

/** Whether a scope is in a compensation that an operator has skipped: nothing waits for it any more. */
export function isSkipped(run: ProcessRun, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at; at = at.parent)
    if (at.compensation) return ![...run.undoings].some(({ compensation }) => compensation === at);
  return false;
}

function undoingOf(run: ProcessRun, n: number): Undoing | undefined {
  return [...run.undoings].find((undoing) => undoing.n === n);
}

/** Skips an undo or a compensation that an operator has taken care of, and begins the next. Returns whether anything has that path. */
export function skipUndo(run: ProcessRun, path: string): boolean {
  const undo = `${path}/undo`;
  let skipped = false;
  for (const command of run.image.commands.values()) if (command.path === undo) skipped = run.image.commands.delete(command.n);
  for (const [n, command] of run.image.resends)
    if (command.path === undo) {
      skipped = run.image.resends.delete(n);
      clearTimer(run, n);
    }
  for (const undoing of run.undoings) {
    if (undoing.current?.path !== path) continue;
    skipped = true;
    undoing.compensation = undefined;
    next(run, undoing);
  }
  return skipped;
}

/** Undoes the items of a cancelled step beside the process. The scope ends only after it. */
export function undoBeside(run: ProcessRun, scope: Scope, items: readonly UndoItem[]): void {
  scope.cleanups += 1;
  startUndoing(run, scope, {
    items,
    done: () => {
      scope.cleanups -= 1;
      startRequested(run, scope);
      touch(run, scope);
    },
  });
}

/**
 * Starts the requested undos. They wait for the pending outcomes of cancelled calls, which are newer than the undo list, and for open
 * targets.
 */
export function startRequested(run: ProcessRun, scope: Scope): void {
  if (scope.cleanups > 0) return;
  for (const request of scope.requested.splice(0))
    if (request.target?.status === 'open') scope.requested.push(request);
    else startRequest(run, scope, request);
}

const NOTHING: ReadonlySet<StepState> = new Set();

function startRequest(run: ProcessRun, scope: Scope, { step, target }: Scope['requested'][number]): void {
  const items = target ? takeItems(target, { kept: NOTHING, branches: step.branches }) : scope.list.splice(0);
  startUndoing(run, scope, {
    items,
    done: () => {
      step.status = 'settled';
      step.scope.open.delete(step);
      run.outcomes.push({ kind: 'fulfil', step, value: undefined });
      touch(run, step.scope);
    },
  });
}

/** How a step is cancelled together with others. */
export interface Loss {
  /** Path of the race that it lost. */
  readonly race?: string;
  /** The winner and its branches, which are not undone. */
  readonly kept: ReadonlySet<StepState>;
  /** True if the completed branches of a race are undone too. */
  readonly branches: boolean;
}

/** Removes the undo items of a settled step from the list that holds them now, and returns them. */
export function takeItems(step: StepState, loss: Loss): UndoItem[] {
  switch (step.kind) {
    case 'call':
      return step.item ? takeOff(step.scope, [step.item]) : [];
    case 'scope':
      return takeOff(step.scope, step.items);
    case 'branches':
      return loss.branches ? [...step.branches.values()].flatMap((branch) => (loss.kept.has(branch) ? [] : takeItems(branch, loss))) : [];
    case 'dispatch':
    case 'wait':
    case 'sleep':
    case 'undo':
      return [];
  }
}

/** Looks in all outer scopes too, because a fulfilled scope hands its list to its parent. */
function takeOff(from: Scope, items: readonly UndoItem[]): UndoItem[] {
  const taken: UndoItem[] = [];
  for (let scope: Scope | undefined = from; scope; scope = scope.parent) {
    taken.push(...scope.list.filter((item) => items.includes(item)));
    scope.list = scope.list.filter((item) => !items.includes(item));
  }
  return taken;
}
