import { Cancelled } from '../contract/errors.ts';
import { journal } from './journal.ts';
import { nextPath, type Run, type Scope, type Step, type UndoStep } from './run.ts';
import { cancelStep } from './scopes.ts';
import { startRequested } from './undoing.ts';

/**
 * `ctx.undo(step)` and `ctx.undo()`: undoes now; the process goes on (S7). It joins what is being undone already. A step
 * that is still open is cancelled first, so that its outcome is definite.
 */
export const requestUndo = (run: Run, scope: Scope, target: Step | undefined): UndoStep => {
  const step: UndoStep = { kind: 'undo', path: nextPath(scope, 'undo'), scope, status: 'open', resolver: undefined };
  journal(run, { type: 'UndoRequested', path: step.path });
  scope.open.add(step);
  if (target) cancelStep(run, target, new Cancelled({ reason: 'requested', message: `Cancelled: the process undoes ${target.path}.` }));
  const holder = target?.scope ?? scope;
  holder.requested.push({ step, target });
  startRequested(run, holder);
  return step;
};
