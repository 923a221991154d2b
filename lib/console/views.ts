import type { JsonSchema } from '../contract/export/json-schema.ts';
import type { Overlap } from '../contract/runtime-contract.ts';
import type { ScheduleTimes } from '../contract/schedule.ts';
import type { Json } from '../contract/schema.ts';
import type { BulkPreview, BulkRequest, BulkResult } from '../client/bulk.ts';
import type { ForkOptions, ForkPreview } from '../client/fork.ts';
import type { InstanceCount, InstanceRef, Status } from '../client/describe.ts';
import type { CauseGroup } from '../client/operations/causes.ts';
import type {
  DiscardRequest,
  DiscardResponse,
  ListedBulk,
  ListedInstance,
  ListedParked,
  ListedPause,
  ListedSchedule,
  ParkedKey,
  RedriveRequest,
  RedriveResponse,
} from '../client/operations/operations.ts';
import type { PendingStep } from '../client/operations/pending-steps.ts';
import type { Standing } from '../client/operations/standing.ts';
import type { ParkedCount } from '../client/parked-count.ts';
import type { VersionUse } from '../client/versions.ts';
import type { Layout } from '../flow/layout.ts';
import type { NodeProgress } from '../flow/progress.ts';

/*
 * The JSON of the operations API, for the page and for any other reader: `GET` paths return a view, `POST` paths take a request and return its
 * result. Each instant is an ISO 8601 text in UTC; each `…Ms` is a number of milliseconds. A member that is absent has no value: nothing is null
 * unless its type says `Json`. Every path takes `?tenant=`.
 */

export type {
  BulkPreview,
  BulkRequest,
  BulkResult,
  CauseGroup,
  DiscardRequest,
  DiscardResponse,
  ForkPreview,
  InstanceCount,
  InstanceRef,
  Json,
  JsonSchema,
  Layout,
  ListedBulk,
  ListedInstance,
  ListedParked,
  ListedPause,
  ListedSchedule,
  NodeProgress,
  Overlap,
  ParkedCount,
  ParkedKey,
  PendingStep,
  RedriveRequest,
  RedriveResponse,
  ScheduleTimes,
  Standing,
  Status,
  VersionUse,
};

/** The body of each response with a status of 400 or more. */
export interface RefusalView {
  readonly error: {
    /** A code of docs/errors.md, such as `NOT_FOUND` (404), `DATA_INVALID` (400), `DENIED` (403), `CLOSED` or `STUCK` (409), `UNREACHABLE` (503). */
    readonly code: string;
    readonly message: string;
    readonly remedy?: string;
    readonly details?: Json;
    /** With `DENIED`: the grant of the orchestrator that the principal does not have. */
    readonly grant?: string;
    /** With the status 401 of a hosted console: the path at which a person signs in. It takes the path to return to as `?to=`. */
    readonly signIn?: string;
  };
}

/** The operations. */
export type Act =
  | 'start'
  | 'publish'
  | 'signal'
  | 'ask'
  | 'cancel'
  | 'terminate'
  | 'pause'
  | 'resume'
  | 'resolve'
  | 'move'
  | 'fork'
  | 'erase'
  | 'redrive'
  | 'discard'
  | 'bulk'
  | 'schedules';

/** Whether the principal of this console can do an operation. */
export interface Permission {
  /** On AWS, an operation is allowed until AWS has refused it. */
  readonly allowed: boolean;
  /** One sentence: why not, such as that the system does not run. */
  readonly why?: string;
  /** The grant of the orchestrator that is missing, such as `grantOperate`. */
  readonly grant?: string;
}

/** `GET /api/system` */
export interface SystemView {
  /** Empty for a folder whose system does not run. */
  readonly name: string;
  /** The place of the system, for the title: `the folder .tutti`, `the stack trips in eu-central-1`. */
  readonly place: string;
  /** The option of the command line that names the place: `--local .tutti`, `--stack trips --region eu-central-1`. */
  readonly option: string;
  /** The principal that operations are journaled with, as far as it is known before the first one. */
  readonly principal?: string;
  readonly now: string;
  /** `hold`: a `GET` of an instance with `wait` returns at its next change. `poll`: read it again every `pollMs`. */
  readonly live: 'hold' | 'poll';
  readonly pollMs: number;
  readonly acts: Readonly<Record<Act, Permission>>;
  /** By name. */
  readonly processes: readonly ProcessView[];
  readonly services: readonly ServiceContractView[];
  /** The events that can be published or sent, by type. */
  readonly events: readonly EventView[];
}

export interface ProcessView {
  readonly name: string;
  /** Listed versions, the newest first. */
  readonly versions: readonly number[];
  readonly kind: 'async' | 'decider';
  /** Events that start an instance. */
  readonly startedBy: readonly string[];
  /** Events that a running instance receives. */
  readonly receives: readonly string[];
  readonly publishes: readonly string[];
  /** Of the input with which a client starts it. Absent: only events start it. `{}`: its schema has no JSON Schema. */
  readonly input?: JsonSchema;
  readonly view?: JsonSchema;
  /** Services that its graph names, in the order of its code. Absent without a graph. */
  readonly calls?: readonly string[];
}

export interface ServiceContractView {
  readonly name: string;
  readonly commands: readonly CommandView[];
}

/** A command, with the schemas from which a form is made. `{}`: its schema has no JSON Schema. */
export interface CommandView {
  readonly name: string;
  readonly about?: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** By name of the declared error. */
  readonly errors: Readonly<Record<string, JsonSchema>>;
  /** The command that undoes it. */
  readonly undo?: string;
  readonly timeoutMs: number;
  readonly withinMs: number;
}

export interface EventView {
  readonly type: string;
  readonly data: JsonSchema;
  /** Of a question: `ask` sends it and returns its answer. */
  readonly answer?: JsonSchema;
  /** `GET /api/events/TYPE/example` has data for it. */
  readonly hasExample?: true;
}

/** `GET /api/events/TYPE/example`: the data of an event that starts an instance which does not exist yet. `tutti dev` takes it from `--events`. */
export interface ExampleView {
  readonly data: Json;
}

/** `GET /api/counts?where=` */
export interface CountsView {
  readonly counts: readonly InstanceCount[];
  /** Parked events that need an operator. */
  readonly parked: number;
  /** There are more parked events than `parked`. */
  readonly moreParked?: true;
  /** The index may lag behind the instances for some seconds. */
  readonly asOf: string;
}

/** `GET /api/instances?where=&limit=&after=`. `limit`: at most 200. @default 50 */
export interface InstancesView {
  readonly instances: readonly InstanceRow[];
  /** The parameter `after` of the next page. Absent after the last one. */
  readonly next?: string;
  readonly asOf: string;
}

export interface InstanceRow extends ListedInstance {
  readonly version: number;
  readonly tags?: Readonly<Record<string, string>>;
  /** Since when it waits for its oldest open command, else since its last event. Absent after the end. */
  readonly waitsSince?: string;
  /** Names of its open commands, events and timers. */
  readonly waits?: readonly string[];
  /** When it ended. */
  readonly closed?: string;
}

/** `GET /api/causes?where=`: for example `where=status:stuck`. The largest group first. */
export interface CausesView {
  readonly causes: readonly CauseGroup[];
  readonly asOf: string;
}

/**
 * `GET /api/instances/PROCESS/ID`. The `ETag` is the version of its head: with `If-None-Match`, the answer is 304 if nothing has changed; with
 * `wait=SECONDS` too (at most 20), it comes at the next change.
 */
export interface InstanceView {
  readonly tenant?: string;
  readonly process: string;
  readonly id: string;
  readonly run: string;
  /** The place of the current run, if `ctx.continueAsNew` has joined several. */
  readonly runs?: number;
  readonly version: number;
  readonly status: Status;
  readonly started: string;
  readonly closed?: string;
  /** Number of commits: the ETag without quotes. */
  readonly etag: string;
  /** One line: what it waits for, or how it ended. */
  readonly why: string;
  /** One line for each thing that it waits for. */
  readonly lines: readonly string[];
  readonly stuck?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly paused?: ListedPause;
  /** The next instant at which it goes on by itself. Absent: only a reply, an event or an operator continues it. */
  readonly wakes?: string;
  /** The open commands, timers and event waits. */
  readonly pending: readonly PendingStep[];
  /** Commands with an unknown outcome: `resolve` takes their `step`. */
  readonly unresolved: readonly UnresolvedView[];
  readonly tags: Readonly<Record<string, string>>;
  readonly parent?: InstanceRef;
  readonly children: readonly InstanceRef[];
  /** Starts that wait for its end. */
  readonly waiting: readonly WaitingView[];
  /** Number of parked events, by reason. */
  readonly parked: ParkedCount;
  /** After a terminate: the effects that stay. */
  readonly standing: readonly Standing[];
  /** The data with which the run was started. */
  readonly input?: Json;
  /** The result, after the end. */
  readonly result?: Json;
  /** The current view of a process, or the state of a decider. */
  readonly view?: Json;
  /** Number of journal entries of the current run. */
  readonly entries: number;
  /** The operations that its status allows, with the paths that they take. */
  readonly can: readonly Act[];
  /** Of a stuck instance: the path that `resume` can skip, or `resolve` can answer. */
  readonly stuckStep?: string;
}

export interface UnresolvedView {
  readonly step: string;
  readonly command: string;
  readonly commandId: string;
  readonly since: string;
  readonly attempts: number;
  readonly lastError?: Json;
}

export interface WaitingView {
  readonly run: string;
  readonly source: string;
  readonly since: string;
  readonly position: number;
}

/**
 * `GET /api/instances/PROCESS/ID/journal?before=&limit=&number=`: a page of the journal, from its end. `before`: the `from` of the page behind it.
 * `limit`: at most 1,000. `number`: that of an earlier run of a chain. @default limit 500
 */
export interface JournalView {
  readonly run: string;
  /** Number of entries of the run. */
  readonly total: number;
  /** Index of the first row. 0: there is no earlier page. */
  readonly from: number;
  readonly rows: readonly JournalRow[];
}

/** `GET /api/instances/PROCESS/ID/values/DATAREF`: a large value of an entry. */
export interface ValueView {
  readonly value: Json;
}

export interface JournalRow {
  /** Its index in the journal, from 0. */
  readonly index: number;
  /** Process time: that of the fact which caused it. */
  readonly at: string;
  /** A fact is an input of the run; a decision follows from it. */
  readonly kind: 'fact' | 'decision';
  /** The whole entry. `type` names it. A large value is not in it: `dataref` names it in place of `data`. */
  readonly entry: { readonly type: string; readonly [key: string]: Json | undefined };
  /** Path of its step, if it has one. */
  readonly path?: string;
  /** A sentence for a reader. Absent: the entry matters only to the engine. */
  readonly text?: string;
  readonly tone?: 'plain' | 'good' | 'bad' | 'waiting';
  /** The principal of an operation. */
  readonly by?: string;
}

/**
 * `GET /api/instances/PROCESS/ID/timeline?limit=&at=&number=`: the last steps of the run, in the order in which they began. `at`: as after the
 * journal entry with this index. @default limit 500
 */
export interface TimelineView {
  readonly run: string;
  readonly started: string;
  /** The end, or now. */
  readonly until: string;
  /** Steps of the run. More than `steps` has: ask with a higher `limit`. */
  readonly total: number;
  readonly steps: readonly TimelineStep[];
}

/** One step: a command with its attempts and its undo, a timer, a wait, a scope, or something that was sent. */
export interface TimelineStep {
  /** The path of the step, such as `hotel/hotels.book:1`. */
  readonly path: string;
  /** The labels of the scopes around it, from the outermost. */
  readonly scope: readonly string[];
  /** Its last part for a reader: `hotels.book`. */
  readonly name: string;
  readonly kind: 'command' | 'step' | 'child' | 'timer' | 'wait' | 'send' | 'publish' | 'answer' | 'scope' | 'compensation';
  readonly state: 'open' | 'done' | 'failed' | 'cancelled' | 'unknown' | 'undone';
  readonly from: string;
  /** Absent while it is open. */
  readonly to?: string;
  /** In the order of time, without gaps. `running`: in the queue or in its handler. `waiting`: deferred, a timer, a wait, or a pause before a retry. */
  readonly parts: readonly { readonly kind: 'running' | 'waiting' | 'undo'; readonly from: string; readonly to?: string }[];
  /** When it was sent again, and each run that failed. */
  readonly attempts: readonly { readonly at: string; readonly failed?: string }[];
  /** The failure in one line. */
  readonly failure?: string;
  /** Index of its first journal entry. */
  readonly entry: number;
  readonly commandId?: string;
  /** Of a child: its instance. */
  readonly child?: InstanceRef;
}

/**
 * `GET /api/instances/PROCESS/ID/flow?at=&number=`, and `GET /api/flows/PROCESS?version=&code=`: the diagram. `at`: the progress as after the
 * journal entry with this index. 404 `NOT_FOUND` if no graph of that code is stored.
 */
export interface FlowView {
  readonly process: string;
  readonly version: number;
  /** The hash of the code that decides, 16 hex digits. */
  readonly code?: string;
  /** Of a definition: every code of the version whose graph is stored, the newest first. */
  readonly codes?: readonly { readonly code: string; readonly at: string }[];
  /** The graph with the places of its parts, in pixels. */
  readonly layout: Layout;
  /** The same as one picture, which follows the light or dark scheme. */
  readonly svg: string;
  /** By id of the node: the progress of the instance. Absent for a definition. */
  readonly progress?: Readonly<Record<string, NodeProgress>>;
  /** Ids of the nodes where the instance is now. */
  readonly here?: readonly string[];
  /** By id of the node, of a definition: how many of `sampled` open instances are there. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Number of open instances that were read. */
  readonly sampled?: number;
  /** Sentences about the parts that the diagram does not show. */
  readonly notes: readonly string[];
}

/** `GET /api/parked?reason=&type=&process=&id=&waiting=true&limit=&after=`, the oldest first. */
export interface ParkedView {
  readonly events: readonly ListedParked[];
  readonly next?: string;
  readonly asOf: string;
}

/** `GET /api/parked/event?pid=&id=&parkedAt=`: one parked event with its message. The parameters are its `key`; without `pid`: parked beside none. */
export interface ParkedEventView {
  /** The message as it came. */
  readonly message: string;
  /** Of an event of the bus. Any other message cannot be edited. */
  readonly event?: ParkedEventData;
}

export interface ParkedEventData {
  readonly type: string;
  /** Absent for an event whose sender gave it none, or one that cannot be used again. */
  readonly id?: string;
  /** Absent if it is stored apart because it is large, or is not there. */
  readonly data?: Json;
  /** The instance that it is addressed to. Absent: its data names its instances. */
  readonly to?: InstanceRef;
}

/** `GET /api/parked/groups`: the parked events by reason, type and process, the largest group first. */
export interface ParkedGroupsView {
  readonly groups: readonly ParkedGroup[];
  /** The groups count the oldest 10,000 events only. */
  readonly more?: true;
  readonly asOf: string;
}

export interface ParkedGroup {
  readonly reason: string;
  readonly type?: string;
  readonly process?: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** One of them: its `detail` says more. */
  readonly example: ListedParked;
  readonly remedy?: string;
}

/** `GET /api/tasks?process=&command=&after=`: the deferred commands of up to 2,000 running instances, the newest ones; the oldest command first. */
export interface TasksView {
  readonly tasks: readonly TaskRow[];
  /** Number of running instances that were read. */
  readonly read: number;
  /** The parameter `after` of the page of older instances. Absent: all were read. */
  readonly next?: string;
  readonly asOf: string;
}

/** A deferred command. The form of its answer is made from `output` and `errors` of its `CommandView`; `resolve` of the instance takes `step`. */
export interface TaskRow {
  readonly tenant?: string;
  readonly process: string;
  readonly id: string;
  readonly step: string;
  readonly command: string;
  readonly commandId: string;
  readonly since: string;
  readonly deadline?: string;
  readonly input: Json;
  readonly tags?: Readonly<Record<string, string>>;
}

/** `GET /api/services` */
export interface ServicesView {
  readonly services: readonly ServiceRow[];
  /** There are older running instances than those of the sample. */
  readonly more?: true;
  readonly asOf: string;
}

export interface ServiceRow {
  readonly name: string;
  /** Messages in its queue, and in flight. Absent if this principal cannot read the queue. */
  readonly queued?: number;
  readonly inFlight?: number;
  /** Messages in its dead-letter queue. */
  readonly dead?: number;
  /** Open commands to it, and the oldest of them, of a sample of running instances. */
  readonly open: number;
  readonly oldest?: { readonly since: string; readonly command: string; readonly process: string; readonly id: string };
  /** Open commands whose last run failed, or whose outcome is unknown. */
  readonly failing: number;
  /** The last failure that an open command reports. */
  readonly lastError?: string;
  /** Number of running instances that were read. */
  readonly sampled: number;
}

/** `GET /api/schedules`, `GET /api/schedules/NAME` */
export interface SchedulesView {
  readonly schedules: readonly ListedSchedule[];
  readonly asOf: string;
}

/** `GET /api/bulk`, `GET /api/bulk/ID` */
export interface BulkView {
  readonly jobs: readonly ListedBulk[];
  readonly asOf: string;
}

/** `GET /api/bulk/ID/results?result=&limit=&after=` */
export interface BulkResultsView {
  readonly results: readonly BulkResult[];
  readonly next?: string;
}

/** `GET /api/versions` */
export interface VersionsView {
  readonly versions: readonly VersionUse[];
  readonly asOf: string;
}

/** `GET /api/cost?process=`, `GET /api/instances/PROCESS/ID/cost` */
export interface CostView {
  readonly region: string;
  /** The date of the price list. */
  readonly pricesOf: string;
  readonly rows: readonly CostRow[];
  /** The assumptions, in sentences. */
  readonly assumptions: readonly string[];
}

export interface CostRow {
  readonly process: string;
  readonly version: number;
  /** Instances from whose journals the calls were counted. */
  readonly instances: number;
  /** Dollars of one instance, on average. */
  readonly usd: number;
  /** Dollars and calls of one instance by part, such as `writes of the table`. */
  readonly parts: readonly { readonly name: string; readonly calls: number; readonly usd: number }[];
}

/** `POST /api/processes/PROCESS/start` */
export interface StartRequest {
  readonly input: Json;
  readonly id?: string;
  readonly onOpen?: 'reject' | 'attach' | 'signal' | 'queue' | 'replace';
}

export interface StartResult {
  readonly id: string;
  readonly run: string;
  readonly started: boolean;
}

/** `POST /api/events/TYPE` publishes an event on the bus. */
export interface PublishRequest {
  readonly data: Json;
  readonly id?: string;
}

export interface PublishedResult {
  readonly id: string;
}

/** `POST /api/instances/PROCESS/ID/signal` and `…/ask` */
export interface SignalRequest {
  readonly event: string;
  readonly data: Json;
  /** Of `signal`: deduplicates the event. */
  readonly eventId?: string;
}

export interface SignalResult {
  readonly id: string;
  readonly keptUntil?: string;
}

export interface AskResult {
  readonly answer: Json;
}

/** `POST /api/instances/PROCESS/ID/cancel` and `…/terminate` */
export interface ReasonRequest {
  readonly reason: string;
}

/** `POST /api/instances/PROCESS/ID/pause` */
export interface PauseRequest extends ReasonRequest {
  /** @default 'stop' */
  readonly clock?: 'stop' | 'run';
}

/** `POST /api/instances/PROCESS/ID/resume` */
export interface ResumeRequest extends ReasonRequest {
  readonly version?: number;
  /** The path of an undo or a compensation that was done by hand. */
  readonly skip?: string;
}

/** `POST /api/instances/PROCESS/ID/move` */
export interface MoveRequest extends ReasonRequest {
  readonly version: number;
}

/** `POST /api/instances/PROCESS/ID/resolve`: the outcome of a command, also of a task. */
export type ResolveRequest = ReasonRequest & { readonly step: string } & (
    | { readonly output: Json }
    | { readonly failure: { readonly type: string; readonly message?: string; readonly data?: Json } }
  );

/** `POST /api/instances/PROCESS/ID/fork/plan` takes the same without the reason, and returns a `ForkPreview`. */
export type ForkRequestView = Omit<ForkOptions, 'event'>;

/** `POST /api/instances/PROCESS/ID/fork` */
export interface ForkResult {
  readonly id: string;
  readonly run: string;
}

/** Of each operation on an instance. */
export interface OperatedResult {
  readonly status: Status;
  readonly paused?: ListedPause;
  /** Of `terminate`: the effects that stay. */
  readonly standing?: readonly Standing[];
}

/** `POST /api/parked/redrive` takes a `RedriveRequest` of at most 100 keys, `POST /api/parked/discard` a `DiscardRequest`. */

/** `POST /api/bulk/preview` takes a `BulkRequest` and returns a `BulkPreview`. `POST /api/bulk` begins a job on exactly its instances. */
export interface BulkStartRequest extends ReasonRequest {
  readonly preview: BulkPreview;
  /** Operations a second. @default 10 */
  readonly perSecond?: number;
}

/** `POST /api/bulk/ID/pause`, `…/resume`, `…/cancel` take a `ReasonRequest` and return a `BulkView`. */

/** `POST /api/schedules/NAME/pause`, `…/resume`, `…/delete`, `…/trigger` and `…/backfill` return a `SchedulesView`. */
export interface ScheduleActRequest extends ReasonRequest {
  /** With `trigger` and `backfill`. */
  readonly overlap?: Overlap;
  /** With `backfill`: instants, both included. */
  readonly from?: string;
  readonly to?: string;
}

/** `POST /api/schedules/NAME/create` creates a schedule, or changes the times of one that a client has created. It returns a `SchedulesView`. */
export interface ScheduleCreateRequest extends ReasonRequest {
  readonly process: string;
  readonly times: ScheduleTimes;
  /** The input of each start. @default null */
  readonly input?: Json;
}
