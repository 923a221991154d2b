import { Cancelled, type Failure } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { refuse } from './bug.ts';
import { cancelCall } from './issue.ts';
import { endProcess } from './ending.ts';
import { journal } from './journal.ts';
import { labelledPath } from './labels.ts';
import { lostRace, refuseLost, refuseStray } from './lost-steps.ts';
import type { BranchesStep, Ending, ProcessRun, Scope, ScopeStep, StepState } from './run.ts';
import { cancellation, childScope, goesOnCancelled, nextPath, touch } from './run.ts';
import { clearTimer } from './timers.ts';
import { compensationEnded, startRequested, startUndoing, takeItems, undoBeside, type Loss } from './undoing.ts';
import { endWait, handOn, putBack, putBackUndelivered } from './waits.ts';

/**
 * The saga rules on the tree of scopes.
 *
 * S1 A call with an undo is open in its scope until its reply, then on the scope's undo list. A fulfilled scope hands its list to its parent.
 * S2 A scope that fails or is cancelled first cancels its open steps, waits until each outcome is definite, then undoes its list, newest
 *    first, one item at a time. Only then is its promise rejected.
 * S3 A call whose step has ended without success counts as not done: a success that comes later is undone.
 * S4 An undo is tried again within the limits of its own contract, then the instance is stuck with COMPENSATION. No undo is dropped.
 * S5 `ctx.pivot` empties the undo list of its scope, so nothing before it is undone.
 * S6 A compensation is on the undo list of its scope, in order of registration.
 * S7 `ctx.undo` undoes at once, and the process continues.
 * S8 A cancel rejects every open step of the outermost scope, and every later one. A shielded scope that is open is finished first.
 * S9 A step that lost a race must not be awaited again. If it is, that is a bug, and this bug undoes nothing.
 */
export function openScope(run: ProcessRun, parent: Scope, label: string, shielded = false): ScopeStep {
  const path = labelledPath(run, parent, label, 'ScopeOpened');
  const step: ScopeStep = { kind: 'scope', path, scope: parent, status: 'open', resolver: undefined, child: undefined as never, items: [] };
  const cancelled = cancellation(parent);
  if (cancelled && goesOnCancelled(run, parent, cancelled)) {
    step.status = 'cancelled';
    return step;
  }
  step.child = childScope(parent, `${path}/`, step);
  if (shielded) step.child.shielded = true;
  parent.open.add(step);
  journal(run, { type: 'ScopeOpened', path, ...(shielded && { shielded }) });
  if (cancelled) {
    step.child.state = 'cancelled';
    step.child.cancelledBy = cancelled;
  }
  return step;
}

/** The body of a scope, or of the process, has returned or thrown a failure. */
export function endBody(run: ProcessRun, scope: Scope, ending: Ending): void {
  // The scope has ended without its body (`goesOnCancelled`).
  if (scope.ending) return;
  if (ending.status === 'failed') refuseStray(run, scope, ending.failure);
  scope.ending = ending;
  if (scope.state === 'open') {
    scope.state = 'closing';
    if (ending.status === 'failed') cancelOpen(run, scope, new Cancelled({ reason: 'scope-failed' }));
    else detachOpen(run, scope);
    handOn(run);
  }
  touch(run, scope);
}

/** Handles the steps that are still open when the body ends: a bug in development and tests, else they are detached, and journaled. */
function detachOpen(run: ProcessRun, scope: Scope): void {
  for (const step of scope.open) {
    scope.open.delete(step);
    if (run.environment.checks) refuse(run, 'UNAWAITED_STEP', `${step.path} is still open when its scope ends: it was never awaited.`);
    journal(run, { type: 'StepDetached', path: step.path });
    if (step.kind !== 'call') continue;
    step.detached = true;
    const command = run.image.commands.get(step.n);
    if (command && step.undoable) command.stands = true;
  }
}

/** Cancels a scope: its open steps are rejected, its undo list is undone, then its promise is rejected. */
export function cancelScope(run: ProcessRun, scope: Scope, failure: Failure): void {
  if (scope.state !== 'open') return;
  scope.state = 'cancelled';
  scope.cancelledBy = failure;
  cancelOpen(run, scope, failure);
  touch(run, scope);
}

function cancelOpen(run: ProcessRun, scope: Scope, failure: Failure): void {
  putBackUndelivered(run, failure, scope);
  for (const step of scope.open) if (!isShielded(step)) cancelStep(run, step, failure);
}

/** A shielded scope is cancelled only by itself: as the loser of a race, or by `ctx.undo`. */
function isShielded(step: StepState): boolean {
  return step.kind === 'scope' && step.child.shielded === true;
}

/**
 * Cancels an open step. Its promise is rejected at once; that of a scope is rejected after its undos. `loss` is given if the scope of the
 * step continues.
 */
export function cancelStep(run: ProcessRun, step: StepState, failure: Failure, loss?: Loss): void {
  if (step.status !== 'open' || step.kind === 'undo' || step.kind === 'dispatch') return;
  if (step.kind === 'scope') {
    cancelScope(run, step.child, failure);
    return;
  }
  step.status = 'cancelled';
  step.scope.open.delete(step);
  if (step.kind === 'call') cancelCall(run, step);
  else if (step.kind === 'wait') endWait(run, step);
  else if (step.kind === 'sleep') {
    clearTimer(run, step.timer);
    run.steps.delete(step.timer);
  } else cancelBranches(run, step, failure, loss);
  run.outcomes.push({ kind: 'reject', step, failure });
}

/**
 * Branches that already completed are on the undo list of their scope. If that scope is ending, they are undone in the order of its list.
 */
function cancelBranches(run: ProcessRun, { scope, branches }: BranchesStep, failure: Failure, given: Loss | undefined): void {
  const loss = given ?? (scope.state === 'open' ? { kept: new Set<StepState>(), branches: false } : undefined);
  for (const branch of branches.values())
    if (loss) loseBranch(run, branch, failure, loss);
    else if (branch.status === 'open' && !isShielded(branch)) cancelBranch(run, branch, failure, undefined);
}

/** `race` and `any`. */
export function openBranches(run: ProcessRun, scope: Scope, name: 'race' | 'any', branches: ReadonlyMap<string, StepState>): BranchesStep {
  const step: BranchesStep = { kind: 'branches', path: nextPath(scope, name), scope, status: 'open', resolver: undefined, branches };
  for (const branch of branches.values()) refuseLost(run, step, branch);
  scope.open.add(step);
  return step;
}

/** A branch has won. The others are cancelled, and undone beside the process. */
export function branchWon(run: ProcessRun, step: BranchesStep, winner: string): void {
  const won = step.branches.get(winner) as StepState;
  refuseLost(run, step, won);
  step.status = 'settled';
  step.scope.open.delete(step);
  const branches = losesBranches(run, step);
  journal(run, { type: 'BranchWon', path: step.path, winner, ...(branches && { branches }) });
  const failure = new Cancelled({ reason: 'lost-race' });
  lostRace(failure, step.path);
  const loss = { race: step.path, kept: new Set(partsOf(won)), branches };
  for (const branch of step.branches.values()) loseBranch(run, branch, failure, loss);
  handOn(run);
  touch(run, step.scope);
}

function losesBranches({ expected }: ProcessRun, { path, branches }: BranchesStep): boolean {
  const recorded = expected?.recorded('BranchWon', path);
  return expected ? recorded?.branches === true : [...branches.values()].some(({ kind }) => kind === 'branches');
}

/** A step, and all branches below it. One step can be a branch of several races, under several names. */
export function partsOf(step: StepState): StepState[] {
  return [step, ...(step.kind === 'branches' ? [...step.branches.values()].flatMap(partsOf) : [])];
}

function loseBranch(run: ProcessRun, branch: StepState, failure: Failure, loss: Loss): void {
  if (loss.kept.has(branch)) return;
  if (loss.race !== undefined) branch.lost ??= loss.race;
  if (branch.status === 'open') {
    cancelBranch(run, branch, failure, loss);
    return;
  }
  for (const part of partsOf(branch)) if (part.kind === 'wait' && !loss.kept.has(part)) putBack(run, part, failure);
  const items = takeItems(branch, loss);
  if (items.length > 0) undoBeside(run, branch.scope, items);
}

function cancelBranch(run: ProcessRun, branch: StepState, failure: Failure, loss: Loss | undefined): void {
  cancelStep(run, branch, failure, loss);
  if (branch.kind === 'scope') loseScope(branch, failure);
}

/** Removes a losing scope from the open steps. If its body has returned already, the scope is cancelled all the same (S3). */
function loseScope(step: ScopeStep, failure: Failure): void {
  step.scope.open.delete(step);
  if (step.child.ending?.status === 'fulfilled') step.child.cancelledBy = failure;
}

/** Closes the scopes that are ready. A change only marks its scope (`touch`), so no scope closes in the middle of a change. */
export function closeScopes(run: ProcessRun): void {
  for (const scope of run.touched) {
    run.touched.delete(scope);
    advanceScope(run, scope);
  }
}

/** Closes the scope if nothing in it is open or being undone. A failed or cancelled scope is undone first. */
function advanceScope(run: ProcessRun, scope: Scope): void {
  if (scope.state === 'closed' || scope.state === 'undoing' || !scope.ending) return;
  if (scope.open.size > 0 || scope.children.size > 0 || scope.cleanups > 0) return;
  const failure = scope.cancelledBy ?? (scope.ending.status === 'failed' ? scope.ending.failure : undefined);
  if (!failure) {
    close(run, scope, undefined);
    return;
  }
  const items = scope.list;
  scope.list = [];
  scope.state = 'undoing';
  startUndoing(run, scope, {
    items,
    failure,
    done: () => {
      close(run, scope, failure);
    },
  });
}

function close(run: ProcessRun, scope: Scope, failure: Failure | undefined): void {
  scope.state = 'closed';
  const { parent, ending } = scope;
  if (!parent) {
    endProcess(run, failure, ending?.status === 'fulfilled' ? ending.value : undefined);
    return;
  }
  parent.children.delete(scope);
  if (scope.compensation) {
    compensationEnded(run, scope, failure);
    return;
  }
  closeStep(run, parent, scope, failure);
  startRequested(run, parent);
  touch(run, parent);
}

function closeStep(run: ProcessRun, parent: Scope, scope: Scope, failure: Failure | undefined): void {
  const step = scope.step as ScopeStep;
  parent.open.delete(step);
  if (failure) {
    journal(run, { type: 'ScopeClosed', path: step.path, status: scope.cancelledBy ? 'cancelled' : 'failed' });
    step.status = scope.cancelledBy ? 'cancelled' : 'settled';
    run.outcomes.push({ kind: 'reject', step, failure });
  } else {
    const { value } = scope.ending as Fulfilled;
    journal(run, { type: 'ScopeClosed', path: step.path, status: 'fulfilled', ...result(value) });
    step.status = 'settled';
    step.items = scope.list;
    parent.list.push(...scope.list);
    scope.list = [];
    run.outcomes.push({ kind: 'fulfil', step, value });
  }
}

type Fulfilled = Extract<Ending, { status: 'fulfilled' }>;

/** The value of a scope, for the journal. It may be no JSON: then the entry holds none, and each replay makes it again. */
function result(value: unknown): { readonly data?: Json } {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? {} : { data: JSON.parse(text) as Json };
  } catch {
    return {};
  }
}

/** `ctx.pivot`: empties the undo list of this scope (S5). */
export function pivot(run: ProcessRun, scope: Scope): void {
  journal(run, { type: 'Pivoted', path: nextPath(scope, 'pivot') });
  scope.list = [];
}
