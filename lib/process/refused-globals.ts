import { refuse } from '../core/bug.ts';
import type { ProcessRun, Scope } from '../core/run.ts';
import { asRunning, runningCode } from './running-code.ts';

/**
 * In development and tests: globals whose result a replay cannot repeat throw if code of a process calls them.
 *
 * G1 Only code of a process or a decider is refused. For all other code the globals work as before, even while a process runs.
 * G2 The globals are replaced while an activation runs, and put back after it. Importing this file replaces nothing.
 * G3 A schema runs as other code, because its library may read the clock. `new Date(value)` and `Date.parse` depend on their arguments
 *    alone, so both are allowed.
 */
export function refuseGlobals(): () => void {
  activations += 1;
  if (activations === 1) replaced = replaceAll();
  return () => {
    activations -= 1;
    if (activations === 0) for (const each of replaced.splice(0).toReversed()) putBack(each);
  };
}

/** Calls code of a process. In development and tests the globals are refused to that code, and to its continuations. */
export function asCodeOf<T>(run: ProcessRun, scope: Scope, code: () => T): T {
  if (!run.environment.checks) return code();
  const putBack = refuseGlobals();
  try {
    return asRunning({ run, scope }, code);
  } finally {
    putBack();
  }
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

function replaceAll(): Replaced[] {
  const { crypto } = globalThis as { readonly crypto?: object };
  return [
    replace(globalThis, 'Date', guardedDate),
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
  async: 'Do it in the handler of a command, and call the command with ctx.call.',
  decider: 'Do it in the handler of a command, and send the command.',
};
const PAUSES: Advice = {
  because: 'nothing would wake the process after a restart',
  async: 'Use ctx.sleep() or ctx.until().',
  decider: 'Use timer(name) and its actions.',
};

/** Throws if the running code is that of a process. Catching the error changes nothing. */
function check(what: string, advice: Advice): void {
  const running = runningCode();
  if (!running) return;
  const { name, kind } = running.run.definition;
  refuse(running.run, 'POISON', `${name} uses ${what}: ${advice.because}. ${advice[kind]}`);
}

function guarded<F extends Fn>(original: F, what: string, advice: Advice): F {
  return new Proxy(original, {
    apply: (target, self, args) => {
      check(what, advice);
      return Reflect.apply(target, self, args) as unknown;
    },
  });
}

function guardedDate(original: Fn): unknown {
  const now = guarded(Reflect.get(original, 'now') as Fn, 'Date.now()', CLOCK);
  return new Proxy(original, {
    construct: (target, args, newTarget) => {
      if (args.length === 0) check('new Date()', CLOCK);
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: (target, self, args) => {
      check('Date()', CLOCK);
      return Reflect.apply(target, self, args) as unknown;
    },
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
