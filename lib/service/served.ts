import type { Instrumentation } from '../contract/instrumentation.ts';
import type { Limits } from '../contract/limits.ts';
import type { CommandContract, ServiceContract } from '../contract/runtime-contract.ts';
import type { CommandEnvelope } from '../contract/wire/envelope.ts';
import type { Effect } from './consumer/command-record.ts';
import type { TransactionalRecords } from './store.ts';

/** The queue that a long-running service polls, and the signal that stops it. */
export interface PollOptions {
  /** URL of the service's SQS queue; it determines the system to which replies go, if several share the service. */
  readonly queueUrl: string;
  /** @default it polls until the process ends */
  readonly signal?: AbortSignal;
}

/**
 * A service that can run in the local runtime, as a Lambda function, or as a program that polls its queue. On AWS it reads its resources
 * from the variables that the constructs of `tutti/cdk` set: `TUTTI_BUS`, `TUTTI_BUCKET`, `TUTTI_BUCKET_OWNER`, `TUTTI_DEAD_LETTER_URL`,
 * `TUTTI_COMMAND_TABLE` (unless `serve` was given a store), in a Lambda function `TUTTI_QUEUE_URL`, and `TUTTI_SYSTEMS` for the systems
 * beside the first that share the service.
 */
export interface Served<N extends string = string> {
  /**
   * The handler of a Lambda function on the service's queue. The event source mapping must have `ReportBatchItemFailures`, because
   * commands without a reply are reported as failures and are redelivered. Two seconds before the function times out, `task.signal` of
   * each running handler aborts, and its command is returned to the queue.
   */
  (batch: unknown, context: unknown): Promise<unknown>;
  readonly '~service': N;
  /**
   * Takes commands from the queue until `signal` aborts. Then it lets running handlers end within the grace period, returns the other
   * commands to the queue, and resolves. On SIGTERM, which containers receive at their end, abort the signal and let the program end by
   * itself: `poll` waits up to 20 seconds for its last receive call, so that no received command stays hidden without a reader.
   * @example
   * const stop = new AbortController();
   * process.once('SIGTERM', () => stop.abort());
   * await handler.poll({ queueUrl, signal: stop.signal });
   */
  poll(options: PollOptions): Promise<void>;
}

/** `prepared`: the value that `prepare` of the command returned. */
export type AnyRun = (input: unknown, task: unknown, prepared?: unknown) => Promise<unknown>;
/** Finds what a run needs, before the command is claimed. With `fault`, this build cannot run the command, but another one may. */
export type Prepare = (command: CommandEnvelope, input: unknown) => Promise<{ readonly fault: string } | object>;

/** A handler with the values of its contract that the consumer needs on the hot path, looked up once. */
export interface ServedCommand {
  readonly contract: CommandContract;
  readonly effect: Effect;
  readonly run: AnyRun;
  /** Only of the built-in service `steps`. @default a run needs nothing */
  readonly prepare?: Prepare;
  readonly cancel?: (input: unknown, task: unknown) => Promise<void>;
  /** @default its runs are not limited */
  readonly limits?: Limits;
  readonly errors: unknown;
  readonly inputWhat: string;
  readonly outputWhat: string;
  readonly outputVersion: number;
  readonly completedType: string;
}

/** The run-time parts of a served service. */
export interface ServedParts {
  readonly contract: ServiceContract;
  /** By full name, such as `payments.charge`. */
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly records?: TransactionalRecords;
  readonly slots: number;
  readonly graceMs: number;
  readonly instrumentation?: Instrumentation;
}

/** Reads the run-time parts of a served service. */
export function servedParts(served: Served): ServedParts {
  return (served as unknown as { readonly '~': ServedParts })['~'];
}
