import type { Failure } from '../contract/errors.ts';
import { mark, refuse } from './bug.ts';
import { cancellation, type BranchesStep, type ProcessRun, type Scope, type StepState } from './run.ts';

/**
 * A step that lost a race was cancelled and undone. Code that awaits it again is a bug, and this bug undoes nothing (S9). Journals of
 * releases that allowed such code replay.
 */
const REMEDY = 'make a new step, wait with ctx.until(deadline), or put the loop in a scope';

/** The path of the lost race, by the failure that rejects the loser. */
const LOST = new WeakMap<Failure, string>();

export function lostRace(failure: Failure, race: string): void {
  LOST.set(failure, race);
}

/** Refuses a branch that has lost another race. */
export function refuseLost(run: ProcessRun, race: BranchesStep, branch: StepState): void {
  if (branch.lost === undefined || branch.lost === race.path || run.expected) return;
  refuse(run, 'POISON', `${branch.path} lost ${branch.lost} and is a branch of ${race.path} too: ${REMEDY}.`);
}

/** Marks the bug that user code awaits a lost step. It throws nothing; no later step settles. */
export function refuseAwait(run: ProcessRun, step: StepState): void {
  if (run.expected || run.ended) return;
  mark(run, 'POISON', `${step.path} lost ${String(step.lost)} and is awaited afterwards: ${REMEDY}.`);
}

/** Refuses a body that ends with the cancellation of a lost step although its scope was not cancelled: it would undo the scope. */
export function refuseStray(run: ProcessRun, scope: Scope, failure: Failure): void {
  const race = LOST.get(failure);
  if (race === undefined || run.expected || scope.compensation || cancellation(scope)) return;
  const where = scope.path === '' ? 'The process itself' : `The scope ${scope.path.slice(0, -1)}`;
  refuse(run, 'POISON', `${where} ends with the cancellation of a step that lost ${race}, though nothing cancelled it: ${REMEDY}.`);
}
