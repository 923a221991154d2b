import type { AnyCommand, FailureOf } from '../contract/command.ts';
import type { Duration } from '../contract/duration.ts';
import type { AnyEvent } from '../contract/event.ts';
import type { Frozen } from '../contract/frozen-type.ts';
import type { AnyProcess, EventsOf, ResultOf, StartOf, ViewOf } from '../contract/process-contract.ts';
import type { Sent } from '../contract/schema.ts';
import type { Description, Status, Summary } from './describe.ts';
import type { StepOutcome } from './resolve.ts';
import type { Signalled } from './signal.ts';
import type { OnOpen } from './start.ts';

/** Everything that a program, or a person through one, does with a system. Each act is journaled with its principal. */
export interface Client {
  /** Starts an instance; resolves when it is durable. Throws `ALREADY_OPEN`, or `ALREADY_USED` after its end. */
  start<P extends AnyProcess>(
    process: P,
    input: StartOf<P>,
    options?: { id?: string; onOpen?: OnOpen; tags?: Record<string, string> },
  ): Promise<{ id: string; run: string; started: boolean }>;
  /**
   * Puts an event on the bus; an id makes a repetition a duplicate. Throws `DATA_INVALID` where the event names what is no id of an instance, and
   * `EARLY_OVERFLOW` where 64 events wait for the start of the instance already.
   */
  publish<E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>, options?: { id?: string }): Promise<void>;
  /**
   * Sends an event to one instance, also before its start: then the event waits until `keptUntil`, and is parked if the instance has not
   * been started by then. Throws `EARLY_OVERFLOW` where 64 events wait already.
   */
  signal<P extends AnyProcess, E extends AnyEvent<EventsOf<P>>>(
    process: P,
    id: string,
    event: E,
    data: Frozen<Sent<E['~data']>>,
  ): Promise<Signalled>;
  /** The view that the instance showed last, also after its end. */
  query<P extends AnyProcess>(process: P, id: string): Promise<ViewOf<P>>;
  /** How the instance stands and what it waits for, also after its end. */
  describe(process: AnyProcess, id: string): Promise<Description>;
  /** The newest start first. */
  list(filter?: {
    process?: AnyProcess;
    status?: Status | Status[];
    tag?: Record<string, string>;
    unresolved?: boolean;
    startedAfter?: Date;
    startedBefore?: Date;
  }): AsyncIterable<Summary>;
  /** Waits for the end. Rejects with the failure (`process.failed(error)`), or `TIMED_OUT`. @default it waits for ever */
  result<P extends AnyProcess>(process: P, id: string, options?: { timeout?: Duration }): Promise<ResultOf<P>>;
  /** Undoes what was done, then ends; also where it is stuck. Throws `STUCK` where its journal does not replay. */
  cancel(process: AnyProcess, id: string, reason: string): Promise<void>;
  /** Ends at once and undoes nothing. */
  terminate(process: AnyProcess, id: string, reason: string): Promise<void>;
  /**
   * Records the outcome of a command that a person found out, also after the end: of one that the instance is stuck on, of an open and of an
   * unresolved one. `step` is the path of its step. With `command` the outcome is typed. Throws `NOT_FOUND` where nothing is left to resolve.
   */
  resolve<C extends AnyCommand = AnyCommand>(process: AnyProcess, id: string, step: string, outcome: StepOutcome<C>): Promise<void>;
  /** Lets a stuck instance go on; `skip` is the path of an undo or a compensation that a person dealt with. */
  resume(process: AnyProcess, id: string, options?: { version?: number; skip?: string }): Promise<void>;
  /** Completes a deferred command by its task's token. */
  complete<C extends AnyCommand>(command: C, token: string, output: Frozen<Sent<C['~']['output']>>): Promise<void>;
  /** Fails a deferred command with an error that its contract declares. */
  fail<C extends AnyCommand>(command: C, token: string, failure: FailureOf<C>): Promise<void>;
  /** Says that somebody is still at a deferred command. */
  heartbeat(token: string): Promise<void>;
}
