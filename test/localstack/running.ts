import type { FunctionHost } from './outside/function-processes.ts';

/** A running LocalStack. */
export interface Running {
  readonly endpoint: string;
  /** Ends LocalStack, its functions and its database. Does nothing if it was not started here. */
  readonly stop: () => Promise<void>;
  /** The parent process of the functions, if it is known. */
  readonly processes: FunctionHost | undefined;
  /** False if the user gave the endpoint. */
  readonly startedHere: boolean;
}
