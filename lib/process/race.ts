import type { Failure } from '../contract/errors.ts';
import { poison, refuse } from '../core/bug.ts';
import { refuseLost } from '../core/lost-steps.ts';
import { touch, type BranchesStep, type ProcessRun, type Scope, type StepState as CoreStep } from '../core/run.ts';
import { branchWon, openBranches, partsOf } from '../core/scopes.ts';
import type { Step } from './context.ts';
import { guardLost, rejectStep, resolverOf, stepOf, stepPromise } from './running-code.ts';

type Branches = Readonly<Record<string, Step<unknown>>>;

/** `ctx.race` and `ctx.any`. The microtasks of one outcome decide which branch is first, as they do in `Promise.race`. */
export function openRace(run: ProcessRun, scope: Scope, name: 'race' | 'any', promises: Branches): Step<unknown> {
  const branches = new Map<string, CoreStep>();
  for (const [key, promise] of Object.entries(promises)) {
    const step = stepOf(promise);
    if (!step) return refuse(run, 'POISON', `The branch ${key} of a ${name} is not a step: a plain promise cannot be cancelled.`);
    branches.set(key, step);
  }
  if (branches.size === 0) return refuse(run, 'POISON', `A ${name} was given no branches, so nothing would ever win it.`);
  const race = openBranches(run, scope, name, branches);
  const promise = stepPromise(race, run.environment.checks);
  const fails = name === 'race' ? firstFails : lastFails(branches.size);
  for (const [winner, branch] of Object.entries(promises))
    branch.then(
      (value) => {
        if (won(run, race, winner)) resolverOf(race).resolve({ winner, value });
      },
      (failure: unknown) => {
        if (fails(run, race, winner)) rejectStep(race, failure as Failure);
      },
    );
  return promise;
}

/** No code awaits the promises of the callbacks above, so they must not throw. */
function guarded(run: ProcessRun, race: BranchesStep, decide: () => void): boolean {
  if (race.status !== 'open' || run.bug) return false;
  try {
    decide();
  } catch (error) {
    poison(run, error);
  }
  return !run.bug && race.status !== 'open';
}

function won(run: ProcessRun, race: BranchesStep, winner: string): boolean {
  return guarded(run, race, () => {
    branchWon(run, race, winner);
    for (const branch of race.branches.values()) for (const part of partsOf(branch)) if (part.lost !== undefined) guardLost(run, part);
  });
}

/** A race is over with its first failure too. */
const firstFails = won;

/** An `any` is over with its last failure. */
function lastFails(count: number): typeof won {
  let left = count;
  return (run, race, branch) =>
    guarded(run, race, () => {
      refuseLost(run, race, race.branches.get(branch) as CoreStep);
      left -= 1;
      if (left > 0) return;
      race.status = 'settled';
      race.scope.open.delete(race);
      touch(run, race.scope);
    });
}
