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
import { endWait } from './waits.ts';

/**
 * The saga rules on the tree of scopes.
 *
 * S1 A call with an undo is open in its scope until it is answered, then on the scope's list. A scope that is fulfilled hands its list on.
 * S2 A scope that fails or is cancelled first cancels what is open, waits until each outcome is definite, then runs its list,
 *    newest first, one at a time; only then is its promise rejected.
 * S3 What the process was told is over counts as not done: a success that comes later is undone.
 * S4 An undo is tried again within the limits of its own contract, then the instance is stuck with COMPENSATION. No undo is dropped.
 * S5 After `ctx.pivot` nothing that its scope did before is undone.
 * S6 A compensation stands on the list of its scope, in the order in which it was registered.
 * S7 `ctx.undo` undoes at once, and the process goes on.
 * S8 A cancel reaches every open step of the outermost scope, and later ones alike.
 * S9 A step that lost a race is over: waiting for it again is a bug, which undoes nothing.
 */
export const openScope = (run: ProcessRun, parent: Scope, label: string): ScopeStep => {
  const path = labelledPath(run, parent, label, 'ScopeOpened');
  const step: ScopeStep = { kind: 'scope', path, scope: parent, status: 'open', resolver: undefined, child: undefined as never, items: [] };
  const cancelled = cancellation(parent);
  if (cancelled && goesOnCancelled(run, parent, cancelled)) {
    step.status = 'cancelled';
    return step;
  }
  step.child = childScope(parent, `${path}/`, step);
  parent.open.add(step);
  journal(run, { type: 'ScopeOpened', path });
  if (cancelled) {
    step.child.state = 'cancelled';
    step.child.cancelledBy = cancelled;
  }
  return step;
};

/** The body of a scope, or of the process, has returned or thrown a failure. */
export const endBody = (run: ProcessRun, scope: Scope, ending: Ending): void => {
  // Its scope has closed without it.
  if (scope.ending) return;
  if (ending.status === 'failed') refuseStray(run, scope, ending.failure);
  scope.ending = ending;
  if (scope.state === 'open') {
    scope.state = 'closing';
    if (ending.status === 'failed') cancelOpen(run, scope, new Cancelled({ reason: 'scope-failed' }));
    else detachOpen(run, scope);
  }
  touch(run, scope);
};

/** A step that nobody awaited: a mistake where mistakes are looked for, else let go of, and journaled. */
const detachOpen = (run: ProcessRun, scope: Scope): void => {
  for (const step of scope.open) {
    scope.open.delete(step);
    if (run.environment.checks) refuse(run, 'UNAWAITED_STEP', `${step.path} is still open when its scope ends: it was never awaited.`);
    journal(run, { type: 'StepDetached', path: step.path });
    if (step.kind !== 'call') continue;
    step.detached = true;
    const command = run.image.commands.get(step.n);
    if (command && step.undoable) command.stands = true;
  }
};

/** Cancels a scope as a whole: its open steps are rejected, what it did is undone, then its promise is rejected. */
export const cancelScope = (run: ProcessRun, scope: Scope, failure: Failure): void => {
  if (scope.state !== 'open') return;
  scope.state = 'cancelled';
  scope.cancelledBy = failure;
  cancelOpen(run, scope, failure);
  touch(run, scope);
};

const cancelOpen = (run: ProcessRun, scope: Scope, failure: Failure): void => {
  for (const step of scope.open) cancelStep(run, step, failure);
};

/**
 * Takes an open step back. Its promise is rejected at once, but for a scope's, which first undoes what it did. `loss`: its scope goes on
 * without it.
 */
export const cancelStep = (run: ProcessRun, step: StepState, failure: Failure, loss?: Loss): void => {
  if (step.status !== 'open' || step.kind === 'undo') return;
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
};

/** What has settled already is on the list of its scope: where that ends too, it is undone with all else, in its turn. */
const cancelBranches = (run: ProcessRun, { scope, branches }: BranchesStep, failure: Failure, given: Loss | undefined): void => {
  const loss = given ?? (scope.state === 'open' ? { kept: new Set<StepState>(), branches: false } : undefined);
  for (const branch of branches.values())
    if (loss) loseBranch(run, branch, failure, loss);
    else if (branch.status === 'open') cancelBranch(run, branch, failure, undefined);
};

/** `race` and `any`: what is decided by which branch comes first. */
export const openBranches = (
  run: ProcessRun,
  scope: Scope,
  name: 'race' | 'any',
  branches: ReadonlyMap<string, StepState>,
): BranchesStep => {
  const step: BranchesStep = { kind: 'branches', path: nextPath(scope, name), scope, status: 'open', resolver: undefined, branches };
  for (const branch of branches.values()) refuseLost(run, step, branch);
  scope.open.add(step);
  return step;
};

/** A branch has won: the others are cancelled, and undone beside the process. */
export const branchWon = (run: ProcessRun, step: BranchesStep, winner: string): void => {
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
  touch(run, step.scope);
};

const losesBranches = ({ expected }: ProcessRun, { path, branches }: BranchesStep): boolean => {
  const recorded = expected?.recorded('BranchWon', path);
  return expected ? recorded?.branches === true : [...branches.values()].some(({ kind }) => kind === 'branches');
};

/** A step, and all branches below it: one step may stand in several races, and under several names. */
export const partsOf = (step: StepState): StepState[] => [
  step,
  ...(step.kind === 'branches' ? [...step.branches.values()].flatMap(partsOf) : []),
];

const loseBranch = (run: ProcessRun, branch: StepState, failure: Failure, loss: Loss): void => {
  if (loss.kept.has(branch)) return;
  if (loss.race !== undefined) branch.lost ??= loss.race;
  if (branch.status === 'open') {
    cancelBranch(run, branch, failure, loss);
    return;
  }
  const items = takeItems(branch, loss);
  if (items.length > 0) undoBeside(run, branch.scope, items);
};

const cancelBranch = (run: ProcessRun, branch: StepState, failure: Failure, loss: Loss | undefined): void => {
  cancelStep(run, branch, failure, loss);
  if (branch.kind === 'scope') loseScope(branch, failure);
};

/** Nobody awaits it any more. Its body may have ended before, and only what is being undone in it goes on: it has lost all the same (S3). */
const loseScope = (step: ScopeStep, failure: Failure): void => {
  step.scope.open.delete(step);
  if (step.child.ending?.status === 'fulfilled') step.child.cancelledBy = failure;
};

/** Closes what can be closed. Whoever changes a scope only touches it, so that nothing is closed in the middle of a change. */
export const closeScopes = (run: ProcessRun): void => {
  for (const scope of run.touched) {
    run.touched.delete(scope);
    advanceScope(run, scope);
  }
};

/** Closes the scope as soon as nothing in it is open or being undone. */
const advanceScope = (run: ProcessRun, scope: Scope): void => {
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
  startUndoing(run, scope, items, failure, () => {
    close(run, scope, failure);
  });
};

const close = (run: ProcessRun, scope: Scope, failure: Failure | undefined): void => {
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
};

const closeStep = (run: ProcessRun, parent: Scope, scope: Scope, failure: Failure | undefined): void => {
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
};

type Fulfilled = Extract<Ending, { status: 'fulfilled' }>;

/** A scope may return what is not JSON; then only its replay knows it. */
const result = (value: unknown): { readonly data?: Json } => {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? {} : { data: JSON.parse(text) as Json };
  } catch {
    return {};
  }
};

/** `ctx.pivot`: from here on nothing of this scope so far is undone (S5). */
export const pivot = (run: ProcessRun, scope: Scope): void => {
  journal(run, { type: 'Pivoted', path: nextPath(scope, 'pivot') });
  scope.list = [];
};
