import { AsyncLocalStorage } from 'node:async_hooks';
import type { ProcessRun, Scope } from '../core/run.ts';

/** Code of a process or a decider, and the scope whose body it belongs to. */
export interface RunningCode {
  readonly run: ProcessRun;
  readonly scope: Scope;
}

const running = new AsyncLocalStorage<RunningCode | undefined>();

/** In development and tests: what the running code belongs to. Undefined for all other code, also for what runs at the same time. */
export const runningCode = (): RunningCode | undefined => running.getStore();

/** Calls code of a process as such. */
export const asRunning = <T>(code: RunningCode, call: () => T): T => running.run(code, call);

/** Calls what is no code of the process although it calls it, as its schemas are. */
export const asOtherCode = <T>(call: () => T): T => (running.getStore() === undefined ? call() : running.run(undefined, call));
