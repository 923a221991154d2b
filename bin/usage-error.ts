import { OrchestratorError } from '../lib/contract/errors.ts';

/** The command line was used wrongly: exit code 2. */
export function usageError(message: string, remedy: string): OrchestratorError {
  return new OrchestratorError('USAGE', message, { retryable: false, remedy });
}
