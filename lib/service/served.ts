import type { CommandContract, ServiceContract } from '../contract/runtime-contract.ts';
import type { Effect } from './consumer/command-record.ts';
import type { TransactionalRecords } from './store.ts';

/** Where a long-running service takes its commands from, and until when. */
export interface PollOptions {
  readonly queueUrl: string;
  /** @default it polls until the process ends */
  readonly signal?: AbortSignal;
}

/**
 * A service that can run: in the local runtime, as a Lambda function, or as a program of its own that polls. Deployed, it finds its
 * bus, bucket, table and dead-letter queue by the variables that the constructs of `tutti/cdk` set: `TUTTI_BUS`, `TUTTI_BUCKET`, `TUTTI_BUCKET_OWNER`,
 * `TUTTI_COMMAND_TABLE` (unless it was served with a store of its own), `TUTTI_DEAD_LETTER_URL`, and as a function `TUTTI_QUEUE_URL`.
 */
export interface Served<N extends string = string> {
  /**
   * The handler of a Lambda function on the service's queue, whose event source mapping must report batch item failures: what is
   * not answered yet is reported, and comes again. Shortly before the function's time is over, running handlers are told by
   * `task.signal` and their commands are given back.
   */
  (batch: unknown, context: unknown): Promise<unknown>;
  readonly '~service': N;
  /**
   * Takes commands from the queue until `signal` aborts; then lets running handlers end within the grace period, gives the rest
   * back, and resolves. When to stop is the program's business: on SIGTERM, as containers are ended, abort the signal, and let the
   * program end by itself: the last poll is waited for, 20 seconds at most, so that no command is hidden by a poll that nobody reads.
   * @example
   * const stop = new AbortController();
   * process.once('SIGTERM', () => stop.abort());
   * await handler.poll({ queueUrl, signal: stop.signal });
   */
  poll(options: PollOptions): Promise<void>;
}

export type AnyRun = (input: unknown, task: unknown) => Promise<unknown>;

/** A handler with all that the consumer needs on the hot path, looked up once. */
export interface ServedCommand {
  readonly contract: CommandContract;
  readonly effect: Effect;
  readonly run: AnyRun;
  readonly cancel?: (input: unknown, task: unknown) => Promise<void>;
  readonly errors: unknown;
  readonly inputWhat: string;
  readonly outputWhat: string;
  readonly outputVersion: number;
  readonly completedType: string;
}

/** What a served service holds at run time. */
export interface ServedParts {
  readonly contract: ServiceContract;
  /** By full name. */
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly records?: TransactionalRecords;
  readonly slots: number;
  readonly graceMs: number;
}

/** What a served service holds at run time. */
export function servedParts(served: Served): ServedParts {
  return (served as unknown as { readonly '~': ServedParts })['~'];
}
