import type { Client } from '../client/client.ts';
import type { AnyCommand } from '../contract/command.ts';
import type { Duration } from '../contract/duration.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import type { Json, Received } from '../contract/schema.ts';
import type { AnyService } from '../contract/service.ts';
import type { Deferred, StepTask } from '../contract/steps.ts';
import type { System } from '../contract/system.ts';
import type { Served } from '../service/served.ts';
import type { CrashPredicate } from './crash-point.ts';

/** The start time of a world, its services, and its crash points. */
export interface SimulateOptions {
  /** ISO 8601. @default 2026-01-01T00:00:00Z */
  readonly at?: string;
  /** Real services, made by `serve`, or services of the test, made by `scripted`. @default none: commands wait in their queues */
  readonly services?: readonly Served[];
  /** Kills the worker at each point for which it returns true. @default no worker is killed */
  readonly crash?: CrashPredicate;
  /**
   * Time that the world lets pass by itself, in sum, while a `result` of its client waits and nothing moves. After a crash, `settle` then also
   * waits for the lease of the killed worker, a minute. @default none in `simulate`, `'366 days'` in `everyCrash`
   */
  readonly patience?: Duration;
}

/**
 * A whole system in memory and in virtual time.
 *
 * Input: a system and its services. Output: a client, the time, and crash points. Trunk: simulate.ts runs the workers of engine and services;
 * every-crash.ts repeats a story killed at each point; given.ts and rehearsal.ts test one decision or one instance.
 */
export interface World {
  /** A client whose waiting calls let the world continue. A `result` that needs more time than `patience` is `TIMED_OUT`. */
  readonly client: Client;
  /**
   * Runs the world until nothing moves unless time passes. Throws if a handler threw an undeclared error and its command has no reply, if a
   * script has no handler, if an instance is stuck, or if a replay decides differently.
   */
  settle(): Promise<void>;
  /**
   * Lets time pass: timers fire at their own instants, and the world settles before and between them. Throws as `settle` does, except for
   * handler errors that may be temporary, such as a provider that is down: the handler runs again as time passes.
   */
  advance(duration: Duration): Promise<void>;
  /** Call it first: expects that this instance gets stuck, for this reason or any. The test fails if the instance ends instead. */
  expectStuck(process: AnyProcess, id: string, code?: string): void;
  /**
   * Deploys another build of the system. Call it when the world has settled. Open runs continue with the build, or get stuck. Services that
   * are not passed again stay the same if the build lists them. `client` is a new object afterwards.
   */
  deploy(system: System<string>, options?: { readonly services?: readonly Served[] }): void;
  /** Call it first: errors of this command's handlers, or of the step of `ctx.run` with this name or path, do not fail the test. */
  expectFaults(command: AnyCommand | string): void;
  /**
   * Replaces the body of a step of `ctx.run`, and its undo. `step` is the name that the process gives it, such as `charge`, or its path, such
   * as `trip/charge` in the scope `trip` and `charge:2` for the second one. Without it, the bodies of the process run. `body` may fail the
   * step by `throw task.fail(reason)`.
   */
  runs<T extends Json | void>(
    step: string,
    body: (task: StepTask) => Promise<T | Deferred>,
    options?: { readonly undo?: (output: NoInfer<T>, task: StepTask) => Promise<unknown> },
  ): void;
  /** Stops the service for this duration: it takes no command. */
  down(service: AnyService, duration: Duration): void;
  /** The inputs of the command's handlers, in order. A command that ran several times counts once. */
  calls<C extends AnyCommand>(command: C): readonly Received<C['~']['input']>[];
  /**
   * The lines of `ctx.log` and `task.log` so far, in their order. `process` and `id`: only those of this instance. A killed worker may lose
   * lines of a decision, and a handler that runs again repeats its lines.
   */
  logs(process?: AnyProcess, id?: string): readonly ObservedLine[];
  /**
   * The whole journal of a run of an instance. `run`: its number, if `ctx.continueAsNew` has joined several; 1 is the first.
   * @default the latest run
   */
  journal(process: AnyProcess, id: string, run?: number): readonly Json[];
}
