import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Everything that would make a run differ from the next one with the same choices. The ways to reach quiet (`setImmediate`, microtasks)
 * stay.
 */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  'node:timers': ['setTimeout', 'setInterval'],
  'node:timers/promises': ['setTimeout', 'setInterval'],
  'node:crypto': ['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync'],
  'node:http': ['request', 'get'],
  'node:https': ['request', 'get'],
  'node:net': ['connect', 'createConnection', 'createServer'],
  'node:fs': [
    'writeFileSync',
    'writeFile',
    'appendFileSync',
    'appendFile',
    'writeSync',
    'write',
    'mkdirSync',
    'mkdir',
    'mkdtempSync',
    'rmSync',
    'rm',
    'createWriteStream',
  ],
  'node:fs/promises': ['writeFile', 'appendFile', 'mkdir', 'mkdtemp', 'rm'],
};

type Members = Record<string, unknown>;

/** The real world, while it is forbidden. Each access is noted once, in order. */
export interface Forbidden {
  /** Restores the real world, and returns the accesses that were noted. */
  lift(): readonly string[];
}

/**
 * Until it is lifted, an access to real time, chance, network or files throws and is noted, so code that catches all errors hides nothing.
 * Only one may be active, and only while nothing else runs in this process.
 */
export const forbidRealWorld = (): Forbidden => {
  const touched = new Set<string>();
  const undo: (() => void)[] = [];
  const forbid = (owner: Members, name: string, culprit: string): void => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor === undefined) return;
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      enumerable: descriptor.enumerable ?? true,
      value: trap(culprit, touched),
    });
    undo.push(() => Object.defineProperty(owner, name, descriptor));
  };
  const world = globalThis as unknown as Members;
  for (const name of ['setTimeout', 'setInterval', 'fetch']) forbid(world, name, name);
  forbid(Date as unknown as Members, 'now', 'Date.now');
  forbid(Math as unknown as Members, 'random', 'Math.random');
  forbid(Object.getPrototypeOf(performance) as Members, 'now', 'performance.now');
  forbid(Object.getPrototypeOf(crypto) as Members, 'randomUUID', 'crypto.randomUUID');
  forbid(Object.getPrototypeOf(crypto) as Members, 'getRandomValues', 'crypto.getRandomValues');
  forbid(process as unknown as Members, 'hrtime', 'process.hrtime');
  forbid(AbortSignal as unknown as Members, 'timeout', 'AbortSignal.timeout');
  for (const [module, names] of Object.entries(FORBIDDEN)) {
    const members = require(module) as Members;
    for (const name of names) forbid(members, name, `${module}.${name}`);
  }
  undo.push(forbidPresentDate(touched));
  syncBuiltinESMExports();
  return {
    lift: () => {
      for (const each of undo.toReversed()) each();
      syncBuiltinESMExports();
      return [...touched];
    },
  };
};

const trap = (culprit: string, touched: Set<string>): (() => never) => {
  return () => {
    const error = new Error(`${culprit} was used inside a simulation: take time and chance from the ports`);
    touched.add(`${culprit}${caller(error)}`);
    throw error;
  };
};

/** The line of the access, relative to the project. */
const caller = (error: Error): string => {
  const line =
    error.stack
      ?.split('\n')
      .slice(1)
      .find((each) => !each.includes('real-world.ts') && !each.includes('Proxy.')) ?? '';
  const place = /((?:lib|functions|test|examples|node_modules)\/[^\s()]*)/.exec(line)?.[1] ?? /at (\S+)/.exec(line)?.[1];
  return place === undefined ? '' : ` at ${place}`;
};

/** croner reads the clock at each call, and a call with an instant must not depend on it: it gets the first instant of all. */
const isCroner = (): boolean => new Error('where').stack?.includes('/croner/') === true;

/** `new Date(instant)` depends on its argument alone; `new Date()` and `Date()` read the clock. */
const forbidPresentDate = (touched: Set<string>): (() => void) => {
  const real = Date;
  const refuse = trap('new Date()', touched);
  globalThis.Date = new Proxy(real, {
    construct: (target, args, newTarget) => {
      if (args.length === 0 && !isCroner()) return refuse();
      return Reflect.construct(target, args.length === 0 ? [0] : args, newTarget) as Date;
    },
    apply: () => refuse(),
  });
  return () => {
    globalThis.Date = real;
  };
};
