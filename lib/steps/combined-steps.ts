import type { Scope } from '../core/run.ts';
import { openSteps, whenAwaited } from '../process/running-code.ts';

/**
 * The promises that a process makes of its steps by Promise.all, allSettled, any and race. Native ones do not tell of what they are made, so
 * these four functions are replaced while the step runner replays, and note it. They behave as before.
 */
const COMBINATORS = ['all', 'allSettled', 'any', 'race'] as const;

/** The promises that are made of a step, or of another such promise. */
const MADE_OF = new WeakMap<object, Promise<unknown>[]>();

/** The replays that are going on in this thread. */
let noting = 0;
let putBacks: (() => void)[] = [];

/** From now on notes what the four functions make, until the returned function is called. */
export function noteCombined(): () => void {
  noting += 1;
  if (noting === 1) putBacks = COMBINATORS.map(replace);
  return () => {
    noting -= 1;
    if (noting === 0) for (const putBack of putBacks.splice(0)) putBack();
  };
}

type Combine = (this: unknown, promises: unknown, ...others: unknown[]) => unknown;

function replace(name: (typeof COMBINATORS)[number]): () => void {
  const before = Object.getOwnPropertyDescriptor(Promise, name) as PropertyDescriptor;
  const original = before.value as Combine;
  const noted: Combine = function (promises, ...others) {
    const made = original.call(this, promises, ...others);
    if (made instanceof Promise && Array.isArray(promises)) for (const each of promises) noteMade(each, made);
    return made;
  };
  Object.defineProperty(Promise, name, { ...before, value: noted });
  return () => {
    // Other code, such as fake timers, may have replaced it meanwhile.
    if (Object.is(Reflect.get(Promise, name), noted)) Object.defineProperty(Promise, name, before);
  };
}

function noteMade(of: unknown, made: Promise<unknown>): void {
  if (!(of instanceof Promise)) return;
  const others = MADE_OF.get(of);
  if (others) others.push(made);
  else MADE_OF.set(of, [made]);
}

/**
 * Lets code that awaits a step without an outcome, or a promise that still waits for such a step, throw the error that `refusal` makes of its
 * path. For the step runner, in which no step settles any more. Code of the process that awaits it already is not affected.
 */
export async function refuseOpenSteps(scope: Scope, refusal: (path: string) => Error): Promise<void> {
  for (const { path, promise } of openSteps(scope)) {
    const refuse = (): never => {
      throw refusal(path);
    };
    whenAwaited(promise, refuse);
    for (const made of madeOf(promise)) if (await isPending(made)) whenAwaited(made, refuse);
  }
}

function madeOf(promise: object): Set<Promise<unknown>> {
  const all = new Set(MADE_OF.get(promise));
  for (const made of all) for (const further of MADE_OF.get(made) ?? []) all.add(further);
  return all;
}

const PENDING = Symbol('pending');

/** Whether it has no outcome: Promise.race may have one of another step. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  try {
    return (await Promise.race([promise, Promise.resolve(PENDING)])) === PENDING;
  } catch {
    return false;
  }
}
