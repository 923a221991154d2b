import { AsyncLocalStorage } from 'node:async_hooks';
import type { ProcessRun, Scope } from '../core/run.ts';

/** Running code of a process or a decider, and the scope of its body. */
export interface RunningCode {
  readonly run: ProcessRun;
  readonly scope: Scope;
}

const running = new AsyncLocalStorage<RunningCode | undefined>();

/** In development and tests: the run and scope of the running code. Undefined for code that is not of a process. */
export function runningCode(): RunningCode | undefined {
  return running.getStore();
}

/** Calls code of a process, so that `runningCode` returns its run and scope. */
export function asRunning<T>(code: RunningCode, call: () => T): T {
  return running.run(code, call);
}

/** Calls code that a process calls but that is not of the process, such as its schemas. */
export function asOtherCode<T>(call: () => T): T {
  return running.getStore() === undefined ? call() : running.run(undefined, call);
}
