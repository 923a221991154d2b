import type { Failure } from '../contract/errors.ts';
import { mark, refuse } from './bug.ts';
import { cancellation, type BranchesStep, type ProcessRun, type Scope, type StepState } from './run.ts';

/**
 * A step that lost a race is over: it was cancelled, and what it did is undone. Code that waits for it again means to wait for
 * something else, so it is a bug, and nothing is undone because of it (S9). Journals of a release that took such code replay.
 */
const REMEDY = 'make a new step, wait with ctx.until(deadline), or put the loop in a scope';

/** Which race a failure tells that a step has lost. */
const LOST = new WeakMap<Failure, string>();

export const lostRace = (failure: Failure, race: string): void => {
  LOST.set(failure, race);
};

/** A branch that has lost another race. */
export const refuseLost = (run: ProcessRun, race: BranchesStep, branch: StepState): void => {
  if (branch.lost === undefined || branch.lost === race.path || run.expected) return;
  refuse(run, 'POISON', `${branch.path} lost ${branch.lost} and is a branch of ${race.path} too: ${REMEDY}.`);
};

/** Awaiting what lost. Nothing is thrown: the bug is marked, and no later step settles. */
export const refuseAwait = (run: ProcessRun, step: StepState): void => {
  if (run.expected || run.ended) return;
  mark(run, 'POISON', `${step.path} lost ${String(step.lost)} and is awaited afterwards: ${REMEDY}.`);
};

/** A cancellation that no scope has asked for: somebody awaited a step before it lost its race. It would undo what nobody cancelled. */
export const refuseStray = (run: ProcessRun, scope: Scope, failure: Failure): void => {
  const race = LOST.get(failure);
  if (race === undefined || run.expected || scope.compensation || cancellation(scope)) return;
  const where = scope.path === '' ? 'The process itself' : `The scope ${scope.path.slice(0, -1)}`;
  refuse(run, 'POISON', `${where} ends with the cancellation of a step that lost ${race}, though nothing cancelled it: ${REMEDY}.`);
};
