import type { Client } from '../client/client.ts';
import type { AnyCommand } from '../contract/command.ts';
import type { Duration } from '../contract/duration.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import type { Json, Received } from '../contract/schema.ts';
import type { AnyService } from '../contract/service.ts';
import type { System } from '../contract/system.ts';
import type { Served } from '../service/served.ts';
import type { CrashPredicate } from './crash-point.ts';

/** When a world begins, who serves in it, and where it is killed. */
export interface SimulateOptions {
  /** ISO 8601. @default 2026-01-01T00:00:00Z */
  readonly at?: string;
  /** Real, by `serve`, or played by the test, by `scripted`. @default none: commands wait in their queues */
  readonly services?: readonly Served[];
  /** Kills the worker that passes a point for which it is true. @default nothing is killed */
  readonly crash?: CrashPredicate;
}

/** A whole system in memory and in virtual time. */
export interface World {
  /** Its calls that wait make the world go on by themselves. A `result` that cannot come without time passing is `TIMED_OUT`. */
  readonly client: Client;
  /**
   * Until nothing moves without time passing. Throws where a handler threw what its contract does not declare and its command is not
   * answered, where a script has no handler, where an instance is stuck, and where a replay decides otherwise.
   */
  settle(): Promise<void>;
  /**
   * Lets time pass: what falls due in it happens at its own instant, and the world settles before and between. Throws as `settle` does, but
   * not where a handler threw an error that may pass, as that of a provider that is down: time lets it run again.
   */
  advance(duration: Duration): Promise<void>;
  /** Called before: this instance gets stuck, for this reason or any, and that fails no test. That it ends instead does. */
  expectStuck(process: AnyProcess, id: string, code?: string): void;
  /**
   * Deploys another build of the system between two settlings: what runs goes on with it, or is stuck. Services that are not given again
   * go on as they were, where the build lists them. `client` is another one afterwards.
   */
  deploy(system: System<string>, options?: { readonly services?: readonly Served[] }): void;
  /** Called before: handlers of this command throw, and that fails no test. */
  expectFaults(command: AnyCommand): void;
  /** From now on, and for this long, the service takes no command. */
  down(service: AnyService, duration: Duration): void;
  /** The inputs that handlers of the command were given, in order; each command once, however often it was run. */
  calls<C extends AnyCommand>(command: C): readonly Received<C['~']['input']>[];
  /** The journal of an instance's latest run, whole. */
  journal(process: AnyProcess, id: string): readonly Json[];
}
