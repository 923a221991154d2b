import type { Flow } from '../flow/flow.ts';

/** The parts of the API that a `Reach` does not have. */
export interface ConsoleOptions {
  /** `the folder .tutti`. */
  readonly place: string;
  /** `--local .tutti`. */
  readonly option: string;
  /** The AWS region, whose prices the cost is computed with. @default us-east-1 */
  readonly region?: string;
  /** Why no operation is possible. @default each operation is tried */
  readonly readOnly?: string;
  /** The graph of a definition. @default no graph is known */
  readonly flowOf?: (process: string, version: number) => Promise<Flow | undefined>;
  /** Messages in the queue of a service. @default unknown */
  readonly queueOf?: (service: string) => Promise<QueueState | undefined>;
}

export interface QueueState {
  readonly queued: number;
  readonly inFlight?: number;
  readonly dead?: number;
}
