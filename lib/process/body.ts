import { AsyncLocalStorage } from 'node:async_hooks';
import { isFailure } from '../contract/errors.ts';
import { isOpen } from '../core/activation.ts';
import { poison } from '../core/bug.ts';
import type { Run, Scope } from '../core/run.ts';
import { endBody } from '../core/scopes.ts';

/** In development and tests: which scope's body the running code belongs to. */
export const currentScope = new AsyncLocalStorage<Scope>();

/** Runs the body of a scope and tells the core how it ended. What is no failure is a bug. */
export const runBody = <C>(run: Run, scope: Scope, body: (ctx: C) => Promise<unknown>, ctx: C): void => {
  const ended = (ending: Parameters<typeof endBody>[2]): void => {
    if (!isOpen(run, `ended ${scope.path === '' ? 'its body' : `the scope ${scope.path.slice(0, -1)}`}`)) return;
    try {
      endBody(run, scope, ending);
    } catch (error) {
      poison(run, error);
    }
  };
  const failed = (error: unknown): void => {
    if (isFailure(error)) ended({ status: 'failed', failure: error });
    else poison(run, error);
  };
  try {
    const promise = run.environment.checks ? currentScope.run(scope, body, ctx) : body(ctx);
    promise.then((value) => {
      ended({ status: 'fulfilled', value });
    }, failed);
  } catch (error) {
    failed(error);
  }
};
