import type { FunctionHost } from './outside/function-processes.ts';

/** A LocalStack that answers. */
export interface Running {
  readonly endpoint: string;
  /** Ends it, its functions and its database; where it was not started here, does nothing. */
  readonly stop: () => Promise<void>;
  /** Whose children the functions are, where this is known. */
  readonly processes: FunctionHost | undefined;
  /** False where the user gave the endpoint. */
  readonly startedHere: boolean;
}
