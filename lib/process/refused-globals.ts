import { refuse } from '../core/bug.ts';
import type { ProcessRun, Scope } from '../core/run.ts';
import { asRunning, runningCode } from './running-code.ts';

/**
 * In development and tests: what a replay would see otherwise throws where code of a process uses it.
 *
 * G1 Only code of a process or a decider is refused. All other code gets what it always got, also while a process runs.
 * G2 The globals are replaced while an activation runs, and put back after it. Importing this replaces nothing.
 * G3 A schema runs as other code, since a library may read the clock in it. `new Date(value)` and `Date.parse` depend on nothing but their
 *    arguments, so both are allowed.
 */
export const refuseGlobals = (): (() => void) => {
  activations += 1;
  if (activations === 1) replaced = replaceAll();
  return () => {
    activations -= 1;
    if (activations === 0) for (const each of replaced.splice(0).toReversed()) putBack(each);
  };
};

/** Calls code of a process. In development and tests it is known as such, also what it does later, and the globals are refused to it. */
export const asCodeOf = <T>(run: ProcessRun, scope: Scope, code: () => T): T => {
  if (!run.environment.checks) return code();
  const putBack = refuseGlobals();
  try {
    return asRunning({ run, scope }, code);
  } finally {
    putBack();
  }
};

/** Of all engines of this thread: the globals are theirs together. */
let activations = 0;
let replaced: Replaced[] = [];

interface Replaced {
  readonly target: object;
  readonly key: string;
  readonly value: unknown;
  /** Absent where the target inherits it. */
  readonly before: PropertyDescriptor | undefined;
}

type Fn = (...args: never[]) => unknown;

const replaceAll = (): Replaced[] => {
  const { crypto } = globalThis as { readonly crypto?: object };
  return [
    replace(globalThis, 'Date', guardedDate),
    replace(Math, 'random', (fn) => guarded(fn, 'Math.random()', CHANCE)),
    replace(crypto, 'randomUUID', (fn) => guarded(fn, 'crypto.randomUUID()', IDS)),
    replace(crypto, 'getRandomValues', (fn) => guarded(fn, 'crypto.getRandomValues()', CHANCE)),
    replace(globalThis, 'fetch', (fn) => guarded(fn, 'fetch()', OUTSIDE)),
    ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => replace(globalThis, name, (fn) => guarded(fn, `${name}()`, PAUSES))),
  ].filter((each) => each !== undefined);
};

const replace = (target: object | undefined, key: string, guard: (original: Fn) => unknown): Replaced | undefined => {
  const original: unknown = target && Reflect.get(target, key);
  if (!target || typeof original !== 'function') return undefined;
  const value = guard(original as Fn);
  const before = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: before?.enumerable ?? true });
  return { target, key, value, before };
};

/** A value that other code, such as fake timers, has set meanwhile is kept. */
const putBack = ({ target, key, value, before }: Replaced): void => {
  if (Reflect.get(target, key) !== value) return;
  if (before) Object.defineProperty(target, key, before);
  else Reflect.deleteProperty(target, key);
};

/** Why it is refused, and what to use instead: in an async process, and in a decider. */
interface Advice {
  readonly because: string;
  readonly async: string;
  readonly decider: string;
}

const CLOCK: Advice = {
  because: 'a replay would read another time',
  async: 'Use ctx.now().',
  decider: 'Use now, which each handler receives.',
};
const CHANCE: Advice = {
  because: 'a replay would draw another number',
  async: 'Use ctx.random().',
  decider: 'Let the event or the answer of a command hold it.',
};
const IDS: Advice = { ...CHANCE, because: 'a replay would make another id', async: 'Use ctx.uuid().' };
const OUTSIDE: Advice = {
  because: 'each replay would do it again',
  async: 'Do it in the handler of a command, and call that with ctx.call.',
  decider: 'Do it in the handler of a command, and send that.',
};
const PAUSES: Advice = {
  because: 'nothing would wake the process after a restart',
  async: 'Use ctx.sleep() or ctx.until().',
  decider: 'Use timer(name) and its actions.',
};

/** Throws where the running code is that of a process: catching it changes nothing. */
const check = (what: string, advice: Advice): void => {
  const running = runningCode();
  if (!running) return;
  const { name, kind } = running.run.definition;
  refuse(running.run, 'POISON', `${name} uses ${what}: ${advice.because}. ${advice[kind]}`);
};

const guarded = <F extends Fn>(original: F, what: string, advice: Advice): F =>
  new Proxy(original, {
    apply: (target, self, args) => {
      check(what, advice);
      return Reflect.apply(target, self, args) as unknown;
    },
  });

const guardedDate = (original: Fn): unknown => {
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
};
