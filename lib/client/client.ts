import type { AnyCommand, FailureOf } from '../contract/command.ts';
import type { Duration } from '../contract/duration.ts';
import type { AnswerOf, AnyEvent, Question } from '../contract/event.ts';
import type { Frozen, Received, Sent } from '../contract/schema.ts';
import type { AnyProcess, EventsOf, ResultOf, StartOf, ViewOf } from '../contract/process-contract.ts';
import type { Bulk } from './bulk.ts';
import type { Holds } from './holds.ts';
import type { Description, InstanceCount, Status, Summary } from './describe.ts';
import type { ForkOptions, ForkPreview } from './fork.ts';
import type { DefinitionFlow, FlowOptions } from './flow.ts';
import type { StepOutcome } from './resolve.ts';
import type { Schedules } from './schedules.ts';
import type { Signalled } from './signal.ts';
import type { OnOpen } from './start.ts';

/** The operations of a program, or of an operator, on a system. The journal names the principal of each operation. */
export interface Client {
  /**
   * Starts an instance; resolves when it is durable. `held`: why its run begins later, because its process is paused. Throws
   * `ALREADY_OPEN` if the id is open, `ALREADY_USED` if its instance has ended, `PAUSED` if a pause of the process refuses starts.
   */
  start<P extends AnyProcess>(
    process: P,
    input: StartOf<P>,
    options?: { id?: string; onOpen?: OnOpen; tags?: Record<string, string> },
  ): Promise<{ id: string; run: string; started: boolean; held?: string }>;
  /**
   * Publishes an event on the bus; a second event with the same id is a duplicate. Throws `DATA_INVALID` if the event names an invalid
   * instance id, and `EARLY_OVERFLOW` if 64 events already wait for the start of the instance.
   */
  publish<E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>, options?: { id?: string }): Promise<void>;
  /**
   * Sends an event to one instance. Before the start of the instance, the event waits until `keptUntil`, and is parked if the instance has
   * not been started by then. Throws `EARLY_OVERFLOW` if 64 events wait already.
   */
  signal<P extends AnyProcess, E extends AnyEvent<EventsOf<P>>>(
    process: P,
    id: string,
    event: E,
    data: Frozen<Sent<E['~data']>>,
  ): Promise<Signalled>;
  /**
   * Sends a question to one instance and waits for its answer (`ctx.answer`), which is journaled before it is returned. Rejects with the
   * failure of an instance that failed or was cancelled, `CLOSED` if it ended otherwise, `STUCK`, or `TIMED_OUT`: the event then stays, and
   * to ask again with the same `id` waits for the same answer, and gets it also after the end. @default no timeout, a new id
   */
  ask<P extends AnyProcess, E extends AnyEvent<EventsOf<P>>>(
    process: P,
    id: string,
    event: E & Question<E>,
    data: Frozen<Sent<E['~data']>>,
    options?: { timeout?: Duration; id?: string },
  ): Promise<Frozen<Received<AnswerOf<E>>>>;
  /** Returns the newest view of the instance, also after its end. */
  query<P extends AnyProcess>(process: P, id: string): Promise<ViewOf<P>>;
  /** Returns the status of the instance and what it waits for, also after its end. */
  describe(process: AnyProcess, id: string): Promise<Description>;
  /** Lists instances, newest start first. */
  list(filter?: {
    process?: AnyProcess;
    status?: Status | Status[];
    tag?: Record<string, string>;
    unresolved?: boolean;
    paused?: boolean;
    startedAfter?: Date;
    startedBefore?: Date;
    /** Terms that all hold, such as `process:book-trip tag.region=eu waited:>3h`. Throws `DATA_INVALID` for a term that is not one. */
    where?: string;
  }): AsyncIterable<Summary>;
  /** Counts the instances that a list with this filter has, by process and status: at most 10,000, then the counts are lower bounds. */
  count(filter?: Parameters<Client['list']>[0]): Promise<readonly InstanceCount[]>;
  /** Waits for the end. Rejects with the failure (`process.failed(error)`), or `TIMED_OUT`. @default no timeout */
  result<P extends AnyProcess>(process: P, id: string, options?: { timeout?: Duration }): Promise<ResultOf<P>>;
  /** Undoes the completed steps, then ends the instance, also if it is stuck. Throws `STUCK` if its journal does not replay. */
  cancel(process: AnyProcess, id: string, reason: string): Promise<void>;
  /** Ends the instance at once without undoing its steps. `describe` then lists what stays done, as `standing`. */
  terminate(process: AnyProcess, id: string, reason: string): Promise<void>;
  /**
   * Records the outcome of a command that an operator has determined: of an open or an unresolved command, or of the command that the
   * instance is stuck on. Works after the end too. `step` is the path of its step. `command` types the outcome. Throws `NOT_FOUND` if
   * there is no such command.
   */
  resolve<C extends AnyCommand = AnyCommand>(process: AnyProcess, id: string, step: string, outcome: StepOutcome<C>): Promise<void>;
  /**
   * Pauses the instance. Commands in flight finish; replies and events are kept in the order of their arrival, and nothing is decided, sent
   * or retried until `resume`. Timers, time-outs and limits keep the time that they have left, unless `clock` is `'run'`. A second pause
   * changes nothing. `cancel` and `terminate` work while it is paused. Throws `UNSUPPORTED` if it is stuck, `CLOSED` if it has ended.
   */
  pause(process: AnyProcess, id: string, reason: string, options?: { clock?: 'stop' | 'run' }): Promise<void>;
  /** Resumes a stuck or paused instance; `skip` is the path of an undo or a compensation that an operator has done by hand. */
  resume(process: AnyProcess, id: string, options?: { version?: number; skip?: string; reason?: string }): Promise<void>;
  /**
   * Moves a running instance to another version of its process, for example to an earlier one. The engine replays the journal on that version
   * first. If the replay differs, the instance goes on as it was, and this throws `NONDETERMINISM` with the difference. A move to its own
   * version changes nothing. Throws `UNSUPPORTED` if it is stuck or paused, `CLOSED` if it has ended, `NOT_FOUND` if the system does not list
   * the version. The reason is journaled. @default reason `moved to version N`
   */
  move(process: AnyProcess, id: string, options: { version: number; reason?: string }): Promise<void>;
  /**
   * Forks the instance: another one, of the id `to`, adopts the journal up to the cut `at` and goes on from there. Nothing of it is undone;
   * `completed` says what happens to steps that were completed after it. The original must have ended, or ends by `supersede`. Throws
   * `FORK_REFUSED` with each reason, and `ALREADY_USED` if an instance has the id.
   */
  fork(process: AnyProcess, id: string, options: ForkOptions): Promise<{ id: string; run: string }>;
  /**
   * Erases the data of an instance that has ended: its journal, view, tags and large values, and the events that are parked beside it. Its id,
   * status and times stay, and the reason is journaled with the principal. It has no result any more and begins no other run. Copies in
   * other instances stay: `describe` names its parent, its original and its forks. Throws `NOT_ERASED` if it is open, if an event is parked beside it
   * for an operator, or if something of it goes on. A late success that would be undone is such a thing: `abandon` gives that undo up. A
   * second erasure keeps the first request, and removes again.
   */
  erase(process: AnyProcess, id: string, reason: string, options?: { abandon?: true }): Promise<void>;
  /** Returns what a fork would do, without doing it: the prefix, the later steps, the events, and the reasons for a refusal. */
  previewFork(process: AnyProcess, id: string, options: Omit<ForkOptions, 'reason'>): Promise<ForkPreview>;
  /**
   * Returns the graph of the process that a build has read from its source and stored (docs/operations.md#flows), also of a version or a code
   * that no build runs any more. Throws `NOT_FOUND` if none is stored. @default the newest stored code of the newest version
   */
  flow(process: AnyProcess, options?: FlowOptions): Promise<DefinitionFlow>;
  /** Completes a deferred command by its task token. */
  complete<C extends AnyCommand>(command: C, token: string, output: Frozen<Sent<C['~']['output']>>): Promise<void>;
  /** Fails a deferred command with an error that its contract declares. */
  fail<C extends AnyCommand>(command: C, token: string, failure: FailureOf<C>): Promise<void>;
  /** Operations on many instances: a preview freezes the instances, and a job operates them one by one. */
  readonly bulk: Bulk;
  /** Pauses of whole processes and services. */
  readonly holds: Holds;
  /** Schedules of the system and of clients. */
  readonly schedules: Schedules;
  /** Extends the heartbeat deadline of a deferred command. */
  heartbeat(token: string): Promise<void>;
}
