import { isFailure } from '../contract/errors.ts';
import { isOpen } from '../core/activation.ts';
import { poison, refuse } from '../core/bug.ts';
import type { ProcessRun, Scope } from '../core/run.ts';
import { endBody } from '../core/scopes.ts';
import { asCodeOf } from './refused-globals.ts';
import { unawaitedFailure } from './step-promise.ts';
import { thrownFailure } from './thrown-failure.ts';

/** Runs the body of a scope and reports its end to the core. An error that is not a failure is a bug. */
export function runBody<C>(run: ProcessRun, scope: Scope, body: (ctx: C) => Promise<unknown>, ctx: C): void {
  const ended = (ending: Parameters<typeof endBody>[2]): void => {
    if (!isOpen(run, `ended ${scope.path === '' ? 'its body' : `the scope ${scope.path.slice(0, -1)}`}`)) return;
    try {
      if (ending.status === 'fulfilled') refuseUnawaited(run, scope);
      endBody(run, scope, ending);
    } catch (error) {
      poison(run, error);
    }
  };
  const failed = (thrown: unknown): void => {
    const error = thrownFailure(thrown);
    if (isFailure(error)) ended({ status: 'failed', failure: error });
    else poison(run, error);
  };
  try {
    const promise: Promise<unknown> | undefined = asCodeOf(run, scope, () => body(ctx));
    if (typeof promise?.then !== 'function')
      return refuse(run, 'POISON', `${nameOf(run, scope)} did not return a promise: write async before its function.`);
    promise.then((value) => {
      ended({ status: 'fulfilled', value });
    }, failed);
  } catch (error) {
    failed(error);
  }
}

/** In development and tests: refuses the end of a scope with a failure that no code has awaited, because the failure would vanish. */
function refuseUnawaited(run: ProcessRun, scope: Scope): void {
  if (!run.environment.checks || scope.state !== 'open') return;
  const left = unawaitedFailure(scope);
  if (left) refuse(run, 'UNAWAITED_STEP', `${left.step.path} failed, and was never awaited: ${left.failure.message}`);
}

function nameOf(run: ProcessRun, scope: Scope): string {
  return scope.path === '' ? run.definition.name : `${run.definition.name}: ${scope.path.slice(0, -1)}`;
}
