import type { Step as CoreStep } from '../core/run.ts';
import type { Step } from './context.ts';

interface Resolver {
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: unknown) => void;
}

const STEPS = new WeakMap<object, CoreStep>();

/** The promise that the user's code awaits for a step. */
export const stepPromise = <T>(step: CoreStep): Step<T> => {
  const promise = new Promise<T>((resolve, reject) => {
    step.resolver = { resolve, reject };
  });
  // A loser of a race is rejected though nobody awaits it: that is no unhandled rejection.
  promise.catch(ignore);
  STEPS.set(promise, step);
  return Object.assign(promise, { '~step': true as const });
};

const ignore = (): void => {};

/** A step that the core did not take: it never settles. */
export const unsettled = (): Step<never> => Object.assign(new Promise<never>(ignore), { '~step': true as const });

export const resolverOf = (step: CoreStep): Resolver => step.resolver as Resolver;

export const stepOf = (promise: object): CoreStep | undefined => STEPS.get(promise);
