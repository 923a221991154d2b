import type { Instrumentation } from './instrumentation.ts';
import type { CommandLimits } from './limits.ts';
import type { Json, Schema } from './schema.ts';

/**
 * The interfaces of this file describe the values that definitions hold behind `'~'` at run time. The public types at `'~'` are phantoms
 * for the compiler. The engine, the consumer and the client read the run-time values through `eventContract(event)`,
 * `commandContract(command)`, `serviceContract(service)`, `processContract(process)` and `systemContract(system)`.
 */
export interface EventContract {
  readonly type: string;
  /** The text before the first dot of the type; the `source` of each such event. */
  readonly owner: string;
  readonly data: Schema;
  readonly dedupeBy?: (data: never) => string;
  /** The schema of its answers, if it is a question. */
  readonly answer?: Schema;
}

export interface CorrelationContract {
  readonly event: EventContract;
  readonly by: 'id' | 'key';
  /** Computes the instance id or the business key from the parsed data. */
  readonly of: (data: never) => string;
  /** Of a key: `'first'` if only one of the waiting instances gets an event. @default 'all' */
  readonly deliver?: 'first';
}

export interface RetryPolicy {
  readonly withinMs: number;
  /** The number of runs that may end without a reply; Infinity without a limit. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly factor: number;
  readonly mostMs: number;
}

/** The reaction of a process to the unknown outcome of a command that has an undo. */
export type OnUnknown = 'stuck' | 'continue';

export interface CommandContract {
  /** `payments.charge`. */
  readonly name: string;
  readonly service: string;
  readonly about?: string;
  readonly input: Schema;
  readonly output: Schema;
  /** The type of the output event. Absent if the output is no event; the type of a reply is then `<name>.<outcome>`. */
  readonly outputEvent?: string;
  readonly errors: Readonly<Record<string, Schema>>;
  readonly undo?: {
    /** Name of a command of the same service. */
    readonly command: string;
    readonly input: (input: never, output: never) => unknown;
  };
  /** Used only if the command has an undo. */
  readonly onUnknown: OnUnknown;
  /** The time limit of one run, and the time after which a first send without a reply is sent again. */
  readonly timeoutMs: number;
  readonly heartbeatMs?: number;
  readonly retry: RetryPolicy;
  /** As the definition has them; the service checks and keeps them (docs/protocol.md#limits). @default its handler runs at any rate */
  readonly limits?: CommandLimits<never>;
}

export interface ServiceContract {
  readonly name: string;
  /** By full name, `payments.charge`. */
  readonly commands: ReadonlyMap<string, CommandContract>;
}

export interface ProcessContract {
  readonly name: string;
  readonly version: number;
  readonly kind: 'async' | 'decider';
  /** Correlations whose event starts an instance; for a decider, all of its correlations. */
  readonly startOn: readonly CorrelationContract[];
  /** Further correlations, whose events only a running instance receives. */
  readonly receives: readonly CorrelationContract[];
  readonly publishes: ReadonlyMap<string, EventContract>;
  /** The start input of a process that only a client or a parent starts. */
  readonly input?: Schema;
  readonly errors: Readonly<Record<string, Schema>>;
  /** The schema of the view; for a decider, of its state. */
  readonly view?: Schema;
  readonly onOpen: 'reject' | 'attach' | 'signal' | 'queue' | 'replace';
  readonly onClosed: 'reject' | 'restart' | 'restart-failed';
  readonly earlyMs: number;
  /** The reaction to an event that arrives after the end: park it for 30 days, or drop it. */
  readonly late: 'park' | 'ignore';
  readonly timeoutMs?: number;
  /** The definition of a built-in instance. */
  readonly builtIn?: 'schedule' | 'key' | 'bulk' | 'gate' | 'hold';
  /** The limits of its starts. Absent: each begins at once. */
  readonly gate?: GateContract | undefined;
}

/** The limits of the starts of a process with one key (lib/contract/gate.ts). */
export interface GateContract {
  readonly spec: GateSpec;
  /** Computes the key from the data of a start. */
  readonly key: (data: never) => string;
}

export type GateSpec =
  | { readonly kind: 'concurrency'; readonly most: number }
  | { readonly kind: 'debounce'; readonly quietMs: number; readonly atMostMs: number }
  | { readonly kind: 'batch'; readonly size: number; readonly withinMs: number };

export interface SystemContract {
  readonly name: string;
  /** By name: all listed versions of the process, the highest first. */
  readonly processes: ReadonlyMap<string, readonly ProcessContract[]>;
  readonly services: ReadonlyMap<string, ServiceContract>;
  /** By full name. */
  readonly commands: ReadonlyMap<string, CommandContract>;
  /** By type: every event that a process starts on, receives or publishes, and every event that is the output of a command. */
  readonly events: ReadonlyMap<string, EventContract>;
  /** By name. @default none */
  readonly schedules?: ReadonlyMap<string, ScheduleContract>;
  /** @default nothing is measured */
  readonly instrumentation?: Instrumentation;
}

/** One nominal time of a schedule, on the clocks of its zone. */
export interface ScheduledAt {
  /** The id of the instance that it starts: `nightly-report@2026-11-29T02:30~Europe.Paris`. */
  readonly id: string;
  /** Such as `'2026-11-29'`. */
  readonly day: string;
  /** Such as `'02:30'`. */
  readonly time: string;
  readonly zone: string;
  /** ISO 8601 in UTC, with milliseconds. A time that the clocks skip has the first instant after the gap. */
  readonly instant: string;
}

/** The reaction to a time at which the instance of an earlier time still runs. */
export type Overlap = 'skip' | 'queue-one' | 'queue-all' | 'cancel' | 'allow';
/** The times that are started late, after a time without engine. */
export type CatchUp = 'none' | 'latest' | 'all';

/** The part of a schedule that its instance keeps, as JSON. A change of it is journaled. */
export interface ScheduleSpec {
  readonly process: string;
  readonly cron: string;
  readonly zone: string;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly withinMs: number;
  readonly jitterMs: number;
  readonly gap: 'after' | 'skip';
  readonly fold: 'first' | 'last' | 'both';
  /** Of a schedule that a client has created: the input of each start. */
  readonly input?: Json;
}

/** A schedule at run time. */
export interface ScheduleContract {
  readonly name: string;
  readonly spec: ScheduleSpec;
  readonly input: (at: ScheduledAt) => unknown;
}
