import type { Duration } from '../../contract/duration.ts';
import type { ScheduleTimes } from '../../contract/schedule.ts';
import type { Overlap } from '../../contract/runtime-contract.ts';
import type { Json } from '../../contract/schema.ts';
import type { PauseClock } from '../../core/image.ts';
import type { BulkDescription, BulkPreview, BulkRequest, BulkResult } from '../bulk.ts';
import type { ForkOptions, ForkPreview } from '../fork.ts';
import type { HoldDescription, HoldOptions, HoldPreview, NamedScope } from '../holds.ts';
import type { InstanceCount, Paused, Status, Summary } from '../describe.ts';
import type { DefinitionFlow, FlowOptions } from '../flow.ts';
import type { UndeclaredFailure } from '../resolve.ts';
import type { Span } from '../trace/span.ts';
import type { VersionUse } from '../versions.ts';
import type { ScheduleDescription } from '../schedules.ts';
import type { OnOpen } from '../start.ts';
import type { ParkedCount } from '../parked-count.ts';
import type { AuditedInstances, AuditFilter } from './audit.ts';
import type { CauseGroup } from './causes.ts';
import type { Standing } from './standing.ts';
import type { Why } from './why.ts';

/** A request within one tenant. */
export interface OfTenant {
  /** @default `default` */
  readonly tenant?: string;
}

export interface Instance extends OfTenant {
  readonly process: string;
  readonly id: string;
}

/**
 * The operations on a running system, without its code: only the system knows its processes and schemas. Requests and responses are
 * plain JSON, because they may travel over a socket.
 */
export interface Operations {
  start: Operation<
    OfTenant & { process: string; input: Json; id?: string; onOpen?: OnOpen },
    { id: string; run: string; started: boolean }
  >;
  /** With `orStuck`, resolves with `stuck` instead of a result as soon as the instance is stuck. */
  result: Operation<Instance & { timeout?: Duration; orStuck?: boolean }, { result: Json; stuck?: true }>;
  /** `eventId` deduplicates the event. */
  signal: Operation<Instance & { event: string; data: Json; eventId?: string }, SignalResponse>;
  ask: Operation<Instance & { event: string; data: Json; timeout?: Duration }, { answer: Json }>;
  publish: Operation<OfTenant & { event: string; data: Json; id?: string }, { id: string }>;
  list: Operation<ListRequest, { instances: readonly ListedInstance[] }>;
  /** The instances of a list, counted by cause. */
  causes: Operation<Omit<ListRequest, 'limit'>, { causes: readonly CauseGroup[] }>;
  /** The instances of a list, counted by process and status. */
  counts: Operation<Omit<ListRequest, 'limit'>, { counts: readonly InstanceCount[] }>;
  /** `number`: that of a run that `ctx.continueAsNew` has ended. @default the current run */
  journal: Operation<Instance & { payloads: boolean; from: number; number?: number }, JournalResponse>;
  /** The spans of a run, made of its journal. `number` as in `journal`. */
  trace: Operation<Instance & { number?: number }, TraceResponse>;
  /** The operations on the instances of a list or on one instance, of their journals. `limit` bounds the instances. */
  audit: Operation<AuditRequest, AuditedInstances>;
  why: Operation<Instance, WhyResponse>;
  /** The versions of each process, with their open runs in all tenants; with `changes`, also those of `ctx.patched`. */
  versions: Operation<{ readonly changes?: boolean }, { versions: readonly VersionUse[] }>;
  /** The stored graph of a process; with `id`, of the version and the code of that instance. */
  flow: Operation<OfTenant & FlowOptions & { readonly process: string; readonly id?: string }, DefinitionFlow>;
  cancel: Operation<Instance & { reason: string }, { status: Status }>;
  terminate: Operation<Instance & { reason: string }, TerminateResponse>;
  /** Erases the data of an instance that has ended. `abandon`: also where a late success would be undone with it. */
  erase: Operation<Instance & { reason: string; abandon?: boolean }, { status: Status }>;
  pause: Operation<Instance & { reason: string; clock?: PauseClock }, PauseResponse>;
  resolve: Operation<Instance & { step: string; reason: string } & ({ output: Json } | { failure: UndeclaredFailure }), { status: Status }>;
  resume: Operation<Instance & { version?: number; skip?: string; reason?: string }, { status: Status }>;
  move: Operation<Instance & { version: number; reason?: string }, { status: Status }>;
  /** Resolves when the fork has begun. */
  fork: Operation<Instance & ForkRequestOfOperator & { reason: string }, { id: string; run: string }>;
  /** The plan of a fork, which forks nothing. */
  previewFork: Operation<Instance & ForkRequestOfOperator, ForkPreview>;
  parked: Operation<ParkedRequest, ParkedResponse>;
  redrive: Operation<RedriveRequest, RedriveResponse>;
  /** Takes parked events that must never be applied out of the lists. */
  discard: Operation<DiscardRequest, DiscardResponse>;
  rotateKeys: Operation<Readonly<Record<string, never>>, RotateResponse>;
  /** Previews, begins, reads and operates bulk jobs. */
  bulk: Operation<BulkOperation, BulkResponse>;
  /** Previews, begins, ends and lists pauses of whole processes and services. */
  holds: Operation<HoldOperation, HoldResponse>;
  /** Lists or describes schedules, or acts on one and describes it. */
  schedules: Operation<ScheduleRequest, { schedules: readonly ListedSchedule[] }>;
}

/** Without `id`: the instances of a list, the newest first. */
export interface AuditRequest extends OfTenant, AuditFilter {
  readonly process?: string;
  readonly id?: string;
  readonly where?: string;
  readonly limit: number;
}

/** An act on bulk jobs, or the preview or the start of one. */
export type BulkOperation = OfTenant &
  (
    | { readonly do: 'preview'; readonly request: BulkRequest }
    | { readonly do: 'start'; readonly preview: BulkPreview; readonly reason: string; readonly perSecond?: number }
    | { readonly do: 'list' }
    | { readonly do: 'describe' | 'results'; readonly id: string }
    | { readonly do: 'pause' | 'resume' | 'cancel'; readonly id: string; readonly reason: string }
  );

export interface BulkResponse {
  readonly preview?: BulkPreview;
  readonly jobs?: readonly ListedBulk[];
  readonly results?: readonly BulkResult[];
}

/** Instants are ISO texts. */
export type ListedBulk = Texts<BulkDescription>;

/** An act on the pauses of processes and services. Each but a preview then lists those in force. */
export type HoldOperation = OfTenant &
  (
    | { readonly do: 'preview'; readonly scope: NamedScope }
    | { readonly do: 'list' }
    | ({ readonly do: 'pause'; readonly scope: NamedScope; readonly reason: string } & HoldOptions)
    | { readonly do: 'resume'; readonly scope: NamedScope; readonly reason?: string }
  );

export interface HoldResponse {
  readonly preview?: HoldPreview;
  readonly holds?: readonly ListedHold[];
}

/** Instants are ISO texts. */
export type ListedHold = Texts<HoldDescription>;

/** Without `name`: lists the schedules that have not ended. With it: describes one, after `act` if it is given. */
export interface ScheduleRequest extends OfTenant {
  readonly name?: string;
  readonly act?: 'create' | 'pause' | 'resume' | 'trigger' | 'backfill' | 'delete';
  readonly reason?: string;
  readonly overlap?: Overlap;
  /** With `backfill`: ISO instants. */
  readonly from?: string;
  readonly to?: string;
  /** With `create`. */
  readonly process?: string;
  readonly input?: Json;
  readonly times?: ScheduleTimes;
}

/** Instants are ISO texts. */
export type ListedSchedule = Texts<ScheduleDescription>;

type Texts<T> = T extends Date ? string : T extends object ? { readonly [K in keyof T]: Texts<T[K]> } : T;

/** A fork, as the command line asks for it. */
export type ForkRequestOfOperator = Omit<ForkOptions, 'reason' | 'event'>;

interface Operation<Request, Response> {
  (request: Request): Promise<Response>;
}

/** A paused instance. Dates are ISO instants. */
export type ListedPause = Omit<Paused, 'since'> & { readonly since: string };

export interface PauseResponse {
  readonly status: Status;
  readonly paused?: ListedPause;
}

export interface TerminateResponse {
  readonly status: Status;
  /** The effects that stay. */
  readonly standing: readonly Standing[];
}

export interface RotateResponse {
  /** ISO instant from which the new key signs. */
  readonly signsFrom: string;
}

export interface SignalResponse {
  /** Id of the event. */
  readonly id: string;
  /** ISO instant. Set if the instance has not been started: the event waits for the start until then. */
  readonly keptUntil?: string;
}

export interface ListRequest extends OfTenant {
  readonly process?: string;
  readonly status?: readonly Status[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly unresolved?: boolean;
  readonly paused?: boolean;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** Terms of the filter grammar, all of which hold. */
  readonly where?: string;
  /** Only instances of this group of `causes`, or stuck for this code. */
  readonly cause?: string;
  readonly limit: number;
}

export type ListedInstance = Omit<Summary, 'started' | 'paused'> & { readonly started: string; readonly paused?: ListedPause };

export interface WhyResponse {
  /** Absent for the tenant `default`. */
  readonly tenant?: string;
  readonly process: string;
  readonly id: string;
  readonly status: Status;
  readonly why: string;
  /** One line for each thing that it waits for. Absent in a response of an older version of Tutti. */
  readonly lines?: readonly string[];
  readonly pending: Why['pending'];
  readonly stuck?: NonNullable<Why['stuck']>;
  readonly paused?: ListedPause;
  /** Number of parked events of the instance. */
  readonly parked?: number;
  /** The same number, by reason. */
  readonly parkedReasons?: ParkedCount;
}

/** The journal entries from the requested index on. */
export interface JournalResponse {
  readonly run: string;
  /** The number of the instance's current run, if `ctx.continueAsNew` has joined several. */
  readonly runs?: number;
  readonly status: Status;
  readonly why: string;
  readonly entries: readonly Json[];
  readonly paused?: ListedPause;
  /** Absent if the instance has no tags. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The current view. Absent if the instance has none. */
  readonly view?: Json;
}

export interface TraceResponse {
  /** Name of the system. */
  readonly system: string;
  readonly run: string;
  /** That of the instance; an earlier run of a chain has ended. */
  readonly status: Status;
  readonly isEnded: boolean;
  /** The first one is that of the run. */
  readonly spans: readonly Span[];
}

export interface ParkedRequest {
  /** Without an instance: only events of this tenant. @default all events, with those that name no instance */
  readonly tenant?: string;
  /** With `id`: only events of this instance. */
  readonly process?: string;
  readonly id?: string;
  readonly reason?: string;
  /** Type of the event. */
  readonly type?: string;
  /** Only events that need an operator. */
  readonly waiting?: boolean;
  /** Parked at or after this instant, milliseconds since the epoch. */
  readonly since?: number;
  /** Parked at or before this instant. */
  readonly before?: number;
  readonly limit: number;
  /** `next` of the previous page. */
  readonly after?: string;
}

export interface ParkedResponse {
  readonly events: readonly ListedParked[];
  /** Absent after the last page. */
  readonly next?: string;
}

export interface ListedParked {
  /** Tenant of the instance. `process` and `id` are absent for an event that names no instance. */
  readonly tenant?: string;
  readonly process?: string;
  readonly id?: string;
  readonly reason: string;
  readonly detail: string;
  /** Of the event, if its message has them. */
  readonly eventId?: string;
  readonly type?: string;
  readonly source?: string;
  /** The sender id that the queue stamped on a client's request. */
  readonly sender?: string;
  /** ISO instants. */
  readonly parked: string;
  readonly expires?: string;
  /** The key for a `redrive` request. */
  readonly key: ParkedKey;
}

export interface ParkedKey {
  readonly pid: string;
  readonly id: string;
  readonly parkedAt: number;
}

export interface RedriveRequest {
  /** At most 100. */
  readonly events: readonly ParkedKey[];
}

export interface RedriveResponse {
  readonly sent: number;
  /** Number of events that could not be sent and stay parked. */
  readonly left: number;
}

export interface DiscardRequest extends RedriveRequest {
  /** Why the events must never be applied. It is kept with them. */
  readonly reason: string;
}

export interface DiscardResponse {
  readonly discarded: number;
  /** Number of events that the engine could not discard and that stay parked. */
  readonly left: number;
}
