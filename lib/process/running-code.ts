import type { ProcessRun, Scope, StepState as CoreStep } from '../core/run.ts';
import { type Failure, isFailure } from '../contract/errors.ts';
import { isOpen } from '../core/journal.ts';
import { poison, refuse } from '../core/bug.ts';
import { endBody } from '../core/scopes.ts';
import { thrownFailure } from './thrown-failure.ts';
import { refuseAwait } from '../core/lost-steps.ts';
import type { Step } from './context.ts';

/** Running code of a process or a decider, and the scope of its body. */
export interface RunningCode {
  readonly run: ProcessRun;
  readonly scope: Scope;
}

/**
 * The storage of the host that follows the running code over each `await`, as AsyncLocalStorage does. The host passes it to the front end,
 * because nothing that a process imports may import a builtin of Node.
 */
export interface CodeStorage {
  getStore(): RunningCode | undefined;
  run<T>(code: RunningCode | undefined, call: () => T): T;
}

/** Calls code that a process calls but that is not of the process, such as its schemas. */
export function asOtherCode<T>(storage: CodeStorage, call: () => T): T {
  return storage.getStore() === undefined ? call() : storage.run(undefined, call);
}

/**
 * Calls code of a process in its scope, so that each `ctx` in it acts in that scope. In production the storage is entered for scopes only:
 * code without an entry is that of the process itself. In development and tests the globals are refused to the code and its continuations.
 */
export function asCodeOf<T>(storage: CodeStorage, code: RunningCode, call: () => T): T {
  if (!code.run.environment.checks) return code.scope.parent ? storage.run(code, call) : call();
  const putBack = refuseGlobals(storage);
  try {
    return storage.run(code, call);
  } finally {
    putBack();
  }
}

/** Runs the body of a scope and reports its end to the core. An error that is not a failure is a bug. */
export function runBody(storage: CodeStorage, code: RunningCode, body: () => Promise<unknown>): void {
  const { run, scope } = code;
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
    const promise: Promise<unknown> | undefined = asCodeOf(storage, code, body);
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
export function refuseUnawaited(run: ProcessRun, scope: Scope): void {
  if (!run.environment.checks || scope.state !== 'open') return;
  const left = unawaitedFailure(scope);
  if (left) refuse(run, 'UNAWAITED_STEP', `${left.step.path} failed, and was never awaited: ${left.failure.message}`);
}

function nameOf(run: ProcessRun, scope: Scope): string {
  return scope.path === '' ? run.definition.name : `${run.definition.name}: ${scope.path.slice(0, -1)}`;
}

/**
 * In development and tests: globals whose result a replay cannot repeat throw if code of a process calls them.
 *
 * G1 Only code of a process or a decider is refused. For all other code the globals work as before, even while a process runs.
 * G2 The globals are replaced while an activation runs, and put back after it. Importing this file replaces nothing.
 * G3 A schema runs as other code, because its library may read the clock. `new Date(value)` and `Date.parse` depend on their arguments
 *    alone, so both are allowed.
 */
export function refuseGlobals(storage: CodeStorage): () => void {
  activations += 1;
  if (activations === 1) replaced = replaceAll(storage);
  return () => {
    activations -= 1;
    if (activations === 0) for (const each of replaced.splice(0).toReversed()) putBack(each);
  };
}

/** The open activations of all engines of this thread, which share the globals. */
let activations = 0;
let replaced: Replaced[] = [];

interface Replaced {
  readonly target: object;
  readonly key: string;
  readonly value: unknown;
  /** Undefined if the target inherits the member. */
  readonly before: PropertyDescriptor | undefined;
}

type Fn = (...args: never[]) => unknown;

function replaceAll(storage: CodeStorage): Replaced[] {
  const guarded: Guarded = (original, what, advice) => guardedBy(storage, original, what, advice);
  const { crypto } = globalThis as { readonly crypto?: object };
  return [
    replace(globalThis, 'Date', (fn) => guardedDate(storage, fn)),
    replace(Math, 'random', (fn) => guarded(fn, 'Math.random()', CHANCE)),
    replace(crypto, 'randomUUID', (fn) => guarded(fn, 'crypto.randomUUID()', IDS)),
    replace(crypto, 'getRandomValues', (fn) => guarded(fn, 'crypto.getRandomValues()', CHANCE)),
    replace(globalThis, 'fetch', (fn) => guarded(fn, 'fetch()', OUTSIDE)),
    ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => replace(globalThis, name, (fn) => guarded(fn, `${name}()`, PAUSES))),
  ].filter((each) => each !== undefined);
}

function replace(target: object | undefined, key: string, guard: (original: Fn) => unknown): Replaced | undefined {
  const original: unknown = target && Reflect.get(target, key);
  if (!target || typeof original !== 'function') return undefined;
  const value = guard(original as Fn);
  const before = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: before?.enumerable ?? true });
  return { target, key, value, before };
}

/** Keeps a value that other code, such as fake timers, has set in the meantime. */
function putBack({ target, key, value, before }: Replaced): void {
  if (Reflect.get(target, key) !== value) return;
  if (before) Object.defineProperty(target, key, before);
  else Reflect.deleteProperty(target, key);
}

/** Why a global is refused, and its replacement in an async process and in a decider. */
interface Advice {
  readonly because: string;
  readonly async: string;
  readonly decider: string;
}

const CLOCK: Advice = {
  because: 'a replay would read a different time',
  async: 'Use ctx.now().',
  decider: 'Use now, which each handler receives.',
};
const CHANCE: Advice = {
  because: 'a replay would get a different number',
  async: 'Use ctx.random().',
  decider: 'Take it from the event or from the reply to a command.',
};
const IDS: Advice = { ...CHANCE, because: 'a replay would get a different id', async: 'Use ctx.uuid().' };
const OUTSIDE: Advice = {
  because: 'each replay would do it again',
  async: 'Do it in a step of ctx.run, or in the handler of a command.',
  decider: 'Do it in the handler of a command, and send the command.',
};
const PAUSES: Advice = {
  because: 'nothing would wake the process after a restart',
  async: 'Use ctx.sleep() or ctx.until().',
  decider: 'Use timer(name) and its actions.',
};

/** Throws if the running code is that of a process. Catching the error changes nothing. */
function check(storage: CodeStorage, what: string, advice: Advice): void {
  const running = storage.getStore();
  if (!running) return;
  const { name, kind } = running.run.definition;
  refuse(running.run, 'POISON', `${name} uses ${what}: ${advice.because}. ${advice[kind]}`);
}

type Guarded = (original: Fn, what: string, advice: Advice) => Fn;

function guardedBy(storage: CodeStorage, original: Fn, what: string, advice: Advice): Fn {
  return new Proxy(original, {
    apply: (target, self, args) => {
      check(storage, what, advice);
      return Reflect.apply(target, self, args) as unknown;
    },
  });
}

function guardedDate(storage: CodeStorage, original: Fn): unknown {
  const now = guardedBy(storage, Reflect.get(original, 'now') as Fn, 'Date.now()', CLOCK);
  return new Proxy(original, {
    construct: (target, args, newTarget) => {
      if (args.length === 0) check(storage, 'new Date()', CLOCK);
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: (target, self, args) => {
      check(storage, 'Date()', CLOCK);
      return Reflect.apply(target, self, args) as unknown;
    },
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}

interface Resolver {
  readonly promise: object;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: unknown) => void;
}

const STEPS = new WeakMap<object, CoreStep>();

/** Failed steps of each scope that no code has awaited yet, in development and tests. */
const UNAWAITED = new WeakMap<Scope, Map<CoreStep, Failure>>();
const AWAITED = new WeakSet<CoreStep>();

/**
 * The promise of a step for the user's code. `noted`, in development and tests: records whether code awaits it. `valueOf`: the value that
 * code gets. @default the value of the outcome
 */
export function stepPromise<T>(step: CoreStep, noted: boolean, valueOf?: (value: unknown) => T): Step<T> {
  let resolve!: Resolver['resolve'];
  let reject!: Resolver['reject'];
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = valueOf ? (value) => fulfil(valueOf(value)) : (fulfil as Resolver['resolve']);
    reject = refuse;
  });
  step.resolver = { resolve, reject, promise };
  // The loser of a race is rejected, and need not be awaited: this must not be an unhandled rejection.
  promise.catch(ignore);
  STEPS.set(promise, step);
  if (noted) noteAwaits(promise, step);
  return marked(promise);
}

/** Each step of each instance comes here, and `Object.assign` takes longer. */
function marked<T>(promise: Promise<T> & { '~step'?: true }): Step<T> {
  promise['~step'] = true;
  return promise as Step<T>;
}

function ignore(): void {}

/** A step that the core did not take: it never settles. */
export function unsettled(): Step<never> {
  return marked(new Promise<never>(ignore));
}

export function resolverOf(step: CoreStep): Resolver {
  return step.resolver as Resolver;
}

export function stepOf(promise: object): CoreStep | undefined {
  return STEPS.get(promise);
}

/** Calls `note` if code awaits the promise: `await` and `then` read its `constructor`, and nothing else of `await` is observable. */
export function whenAwaited(promise: object, note: () => void): void {
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

/** The steps of a scope, and of the scopes in it, that have no outcome. */
export function openSteps({ open, children }: Scope): readonly { readonly path: string; readonly promise: object }[] {
  const own = [...open].flatMap(({ path, resolver }) => (resolver ? [{ path, promise: (resolver as Resolver).promise }] : []));
  return [...own, ...[...children].flatMap(openSteps)];
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
