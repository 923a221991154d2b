import type { Failure } from '../contract/errors.ts';
import { refuseAwait } from '../core/lost-steps.ts';
import type { ProcessRun, Scope, StepState as CoreStep } from '../core/run.ts';
import type { Step } from './context.ts';

interface Resolver {
  readonly promise: object;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: unknown) => void;
}

const STEPS = new WeakMap<object, CoreStep>();

/** Failed steps of each scope that no code has awaited yet, in development and tests. */
const UNAWAITED = new WeakMap<Scope, Map<CoreStep, Failure>>();
const AWAITED = new WeakSet<CoreStep>();

/** The promise of a step for the user's code. `noted`, in development and tests: records whether code awaits it. */
export function stepPromise<T>(step: CoreStep, noted: boolean): Step<T> {
  let settle!: Pick<Resolver, 'resolve' | 'reject'>;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve: resolve as Resolver['resolve'], reject };
  });
  step.resolver = { ...settle, promise };
  // The loser of a race is rejected, and need not be awaited: this must not be an unhandled rejection.
  promise.catch(ignore);
  STEPS.set(promise, step);
  if (noted) noteAwaits(promise, step);
  return Object.assign(promise, { '~step': true as const });
}

function ignore(): void {}

/** A step that the core did not take: it never settles. */
export function unsettled(): Step<never> {
  return Object.assign(new Promise<never>(ignore), { '~step': true as const });
}

export function resolverOf(step: CoreStep): Resolver {
  return step.resolver as Resolver;
}

export function stepOf(promise: object): CoreStep | undefined {
  return STEPS.get(promise);
}

/** Calls `note` if code awaits the promise: `await` and `then` read its `constructor`, and nothing else of `await` is observable. */
function whenAwaited(promise: object, note: () => void): void {
  Object.defineProperty(promise, 'constructor', {
    configurable: true,
    get: () => {
      note();
      return Promise;
    },
  });
}

function noteAwaits(promise: object, step: CoreStep): void {
  whenAwaited(promise, () => {
    AWAITED.add(step);
    UNAWAITED.get(step.scope)?.delete(step);
  });
}

/** Makes it a bug to await the step (S9). It replaces `noteAwaits`, because a cancelled step need not be awaited. */
export function guardLost(run: ProcessRun, step: CoreStep): void {
  whenAwaited(resolverOf(step).promise, () => {
    refuseAwait(run, step);
  });
}

/** Rejects the promise of a step. Records a failure that no code has awaited; a cancelled step need not be awaited. */
export function rejectStep(step: CoreStep, failure: Failure): void {
  if (failure.code !== 'CANCELLED' && !AWAITED.has(step)) {
    const failed = UNAWAITED.get(step.scope) ?? new Map<CoreStep, Failure>();
    UNAWAITED.set(step.scope, failed.set(step, failure));
  }
  resolverOf(step).reject(failure);
}

/** The first step of the scope that has failed and that no code has awaited. */
export function unawaitedFailure(scope: Scope): { readonly step: CoreStep; readonly failure: Failure } | undefined {
  const [first] = UNAWAITED.get(scope) ?? [];
  return first && { step: first[0], failure: first[1] };
}
