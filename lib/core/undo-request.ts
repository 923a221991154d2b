import { Cancelled } from '../contract/errors.ts';
import { isOfStep } from '../contract/steps.ts';
import { refuse } from './bug.ts';
import { CHILD } from './children.ts';
import { contractOf } from './issue.ts';
import { journal } from './journal.ts';
import { nextPath, type CallStep, type ProcessRun, type Scope, type StepState, type UndoStep } from './run.ts';
import { cancelStep } from './scopes.ts';
import { startRequested } from './undoing.ts';
import { handOn } from './waits.ts';

/**
 * `ctx.undo(step)` and `ctx.undo()`: undoes at once, and the process continues (S7). It joins an undoing of the scope that is in progress.
 * An open step is cancelled first, so that its outcome becomes definite.
 */
export function requestUndo(run: ProcessRun, scope: Scope, target: StepState | undefined): UndoStep {
  const path = nextPath(scope, 'undo');
  if (target?.kind === 'call') refuseUndoless(run, target);
  const branches = undoesBranches(run, path, target);
  const step: UndoStep = { kind: 'undo', path, scope, status: 'open', resolver: undefined, branches };
  journal(run, { type: 'UndoRequested', path, ...(branches && { branches }) });
  scope.open.add(step);
  if (target) {
    const failure = new Cancelled({ reason: 'requested', message: `Cancelled: the process undoes ${target.path}.` });
    cancelStep(run, target, failure, { kept: NOTHING, branches });
    handOn(run);
  }
  const holder = target?.scope ?? scope;
  holder.requested.push({ step, target });
  startRequested(run, holder);
  return step;
}

const NOTHING: ReadonlySet<StepState> = new Set();

function undoesBranches({ expected }: ProcessRun, path: string, target: StepState | undefined): boolean {
  const recorded = expected?.recorded('UndoRequested', path);
  return expected ? recorded?.branches === true : target?.kind === 'branches';
}

/**
 * Refuses an undo that would silently do nothing. A replay accepts it, because earlier releases did. An undo of a dispatched command does
 * nothing if that command has no undo, because a value has chosen it.
 */
function refuseUndoless(run: ProcessRun, { path, command, undoable, policy }: CallStep): void {
  if (undoable || policy.dispatched || run.expected) return;
  if (command === CHILD)
    refuse(run, 'POISON', `ctx.undo was given the child ${path}: a child is undone by ctx.compensate, which may start another process.`);
  const why = isOfStep(command)
    ? 'ctx.run was given no undo'
    : contractOf(run, command).undo
      ? 'it was called with { undo: false }'
      : `${command} declares no undo`;
  refuse(run, 'POISON', `ctx.undo was given ${path}, but ${why}: undo what has an undo; to withdraw a step that is open, race it.`);
}
