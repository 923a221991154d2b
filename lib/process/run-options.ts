import type { Duration } from '../contract/duration.ts';
import type { Retry } from '../contract/retry-policy.ts';
import type { Frozen, Json, NotJson } from '../contract/schema.ts';
import type { StepTask } from '../contract/steps.ts';

/** `unknown` if the output of a step is JSON, else one sentence that tsc prints. */
export type StepFault<T> = [T] extends [void | Json]
  ? undefined extends Maybe<T>
    ? 'the output may be undefined, which is not JSON: return null'
    : unknown
  : NotJson<T, 'output'>;
/** `T`, but never for a body that returns nothing, and for `any`. */
type Maybe<T> = [T] extends [void] ? never : T;

/** The output of a step as the process and its undo get it. A body that returns nothing gives null. */
export type StepOutput<T> = 0 extends 1 & T ? T : [T] extends [void] ? null : Frozen<T>;

/** Options of one step of `ctx.run`. */
export interface RunOptions<T> {
  /**
   * Undoes a completed run of `body`, if the process fails or is cancelled later. It gets the output from the journal. It is run again until
   * it succeeds, for 3 days. It must not use `ctx`. @default nothing is undone
   */
  readonly undo?: (output: StepOutput<NoInfer<T>>, task: StepTask) => Promise<unknown>;
  /** Limits and pauses of the runs of `body`. @default within 3 days; from 1 second, doubling to 5 minutes, full jitter */
  readonly retry?: Retry;
  /** The time limit of one run of `body`. @default '15 minutes' */
  readonly timeout?: Duration;
  /**
   * How a repeated run is kept from a second effect. `key`: `body` passes `task.commandId` to the foreign system as the idempotency key.
   * `once`: the foreign system has no idempotency keys; a run that may have had its effect is not repeated, and its outcome is unknown.
   * @default 'key'
   */
  readonly effect?: 'key' | 'once';
}
