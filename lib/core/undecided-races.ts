import type { BranchesStep, ProcessRun, Scope, StepState } from './run.ts';

/**
 * Whether an open race or `any` can still be decided without this step: the step, or a scope or race that contains it, is a branch beside
 * another branch that can settle.
 */
export function mayLose(run: ProcessRun, step: StepState): boolean {
  const { step: around } = step.scope;
  return openRaces(run.root, step).some((race) => hasRival(run, race, step) || mayLose(run, race)) || (!!around && mayLose(run, around));
}

function hasRival(run: ProcessRun, race: BranchesStep, step: StepState): boolean {
  return [...race.branches.values()].some((branch) => branch !== step && canSettle(run, branch));
}

function openRaces(scope: Scope, branch: StepState): BranchesStep[] {
  return [
    ...[...scope.open].filter((step): step is BranchesStep => step.kind === 'branches' && [...step.branches.values()].includes(branch)),
    ...[...scope.children].flatMap((child) => openRaces(child, branch)),
  ];
}

/** Every open step can settle, except a call with an unknown outcome, and scopes and races that contain only such calls. */
function canSettle(run: ProcessRun, step: StepState): boolean {
  if (step.status !== 'open') return false;
  switch (step.kind) {
    case 'call':
      return !run.image.commands.get(step.n)?.unknown;
    case 'scope':
      return step.child.open.size === 0 || [...step.child.open].some((inner) => canSettle(run, inner));
    case 'branches':
      return [...step.branches.values()].some((branch) => canSettle(run, branch));
    default:
      return true;
  }
}
