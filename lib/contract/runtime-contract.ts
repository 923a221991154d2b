import type { Schema } from './schema.ts';

/**
 * What the definitions hold at run time, behind their `'~'`. The public types there are phantoms that only the compiler
 * reads; the engine, the consumer and the client read these instead, by `eventContract(event)`, `commandContract(command)`,
 * `serviceContract(service)`, `processContract(process)` and `systemContract(system)`.
 */
export interface EventContract {
  readonly type: string;
  /** Text before the first dot: the `source` of whoever publishes it. */
  readonly owner: string;
  readonly data: Schema;
  readonly dedupeBy?: (data: never) => string;
}

export interface CorrelationContract {
  readonly event: EventContract;
  readonly by: 'id' | 'key';
  /** The process id, or the business key, that the (parsed) data names. */
  readonly of: (data: never) => string;
}

export interface RetryPolicy {
  readonly withinMs: number;
  /** Runs that may end without an answer. Infinity where no limit was given. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly factor: number;
  readonly mostMs: number;
}

/** What an unknown outcome of a command with an undo does to its process. */
export type OnUnknown = 'stuck' | 'continue';

export interface CommandContract {
  /** `payments.charge`. */
  readonly name: string;
  readonly service: string;
  readonly input: Schema;
  readonly output: Schema;
  /** Type of the reply event: the output event's type where the output is an event, else absent (`<name>.<outcome>`). */
  readonly outputEvent?: string;
  readonly errors: Readonly<Record<string, Schema>>;
  readonly undo?: {
    /** Name of a command of the same service. */
    readonly command: string;
    readonly input: (input: never, output: never) => unknown;
  };
  /** Read only where there is an undo. */
  readonly onUnknown: OnUnknown;
  /** How long one run may take, and how long the first send may stay without an answer. */
  readonly timeoutMs: number;
  readonly heartbeatMs?: number;
  readonly retry: RetryPolicy;
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
  /** Correlations whose event starts an instance. Of a decider: all it hears. */
  readonly startOn: readonly CorrelationContract[];
  /** Further correlations that it hears once it runs. */
  readonly receives: readonly CorrelationContract[];
  readonly publishes: ReadonlyMap<string, EventContract>;
  /** Of a process that only a client or a parent starts. */
  readonly input?: Schema;
  readonly errors: Readonly<Record<string, Schema>>;
  /** Of a decider: its state. */
  readonly view?: Schema;
  readonly onOpen: 'reject' | 'attach' | 'signal';
  readonly onClosed: 'reject' | 'restart' | 'restart-failed';
  readonly earlyMs: number;
  /** What becomes of an event that comes after the end: it is parked for 30 days, or dropped. */
  readonly late: 'park' | 'ignore';
  readonly timeoutMs?: number;
}

export interface SystemContract {
  readonly name: string;
  /** By name; of each name all listed versions, the highest first. */
  readonly processes: ReadonlyMap<string, readonly ProcessContract[]>;
  readonly services: ReadonlyMap<string, ServiceContract>;
  /** By full name. */
  readonly commands: ReadonlyMap<string, CommandContract>;
  /** By type: every event that a process starts on, receives or publishes, or a command answers with. */
  readonly events: ReadonlyMap<string, EventContract>;
}
