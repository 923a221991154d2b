import { isOrchestratorError, OrchestratorError } from '../lib/contract/errors.ts';

/** Exit codes of the command line: part of the public interface. */
export const EXIT = { done: 0, bad: 1, usage: 2, notFound: 3, unreachable: 4, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  NOT_FOUND: EXIT.notFound,
  UNREACHABLE: EXIT.unreachable,
  DENIED: EXIT.unreachable,
  STATE_CORRUPT: EXIT.unreachable,
  STATE_FORMAT: EXIT.unreachable,
  DISK_FULL: EXIT.unreachable,
  DATA_INVALID: EXIT.usage,
  DATA_TOO_LARGE: EXIT.usage,
  CONTRACT_INVALID: EXIT.usage,
  UNDO_ELSEWHERE: EXIT.usage,
  SCHEMA_WITHOUT_JSON_SCHEMA: EXIT.usage,
  UNSUPPORTED: EXIT.usage,
  PACKAGE_MISSING: EXIT.usage,
  USAGE: EXIT.usage,
};

export function exitCodeOf(error: unknown): ExitCode {
  return isOrchestratorError(error) ? (BY_CODE[error.code] ?? EXIT.bad) : EXIT.bad;
}

/** Wrong usage of the command line: exit code 2. */
export class UsageError extends OrchestratorError {
  constructor(message: string, remedy: string) {
    super('USAGE', message, { retryable: false, remedy });
  }
}

export function usageError(message: string, remedy: string): UsageError {
  return new UsageError(message, remedy);
}
