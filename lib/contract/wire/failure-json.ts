import { Cancelled, CommandExhausted, CommandFailed, ContractError, ProcessFailed, type CancelReason, type Failure } from '../errors.ts';
import type { Json } from './json.ts';
import type { LastError } from './last-error.ts';

/** A failure as JSON for the journal, without its stack and its cause. */
export function failureToJson(failure: Failure): { readonly [key: string]: Json } {
  const { code, message } = failure;
  const rest = failure.details === null ? {} : { details: failure.details };
  switch (code) {
    case 'COMMAND_FAILED':
      return { code, message, command: failure.command, type: failure.type, data: failure.data, ...rest };
    case 'PROCESS_FAILED':
      return { code, message, process: failure.process, type: failure.type, data: failure.data, ...rest };
    case 'COMMAND_EXHAUSTED':
      return {
        code,
        message,
        command: failure.command,
        attempts: failure.attempts,
        outcome: failure.outcome,
        ...(failure.lastError !== undefined && { lastError: { ...failure.lastError } }),
        ...rest,
      };
    case 'CANCELLED':
      return { code, message, reason: failure.reason, ...rest };
  }
}

interface FailureFields {
  readonly code?: string;
  readonly message: string;
  readonly command: string;
  readonly process: string;
  readonly type: string;
  readonly data: Json;
  readonly attempts: number;
  readonly outcome: CommandExhausted['outcome'];
  readonly lastError?: LastError;
  readonly reason: CancelReason;
  readonly details?: Json;
}

/** The failure that `failureToJson` wrote. */
export function failureFromJson(json: Json): Failure {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as unknown as FailureFields;
  switch (fields.code) {
    case 'COMMAND_FAILED':
      return new CommandFailed(fields);
    case 'PROCESS_FAILED':
      return new ProcessFailed(fields);
    case 'COMMAND_EXHAUSTED':
      return new CommandExhausted(fields);
    case 'CANCELLED':
      return new Cancelled(fields);
    default:
      throw new ContractError(
        'DATA_INVALID',
        `A stored failure has the code ${String(fields.code)}: expected COMMAND_FAILED, PROCESS_FAILED, COMMAND_EXHAUSTED or CANCELLED.`,
      );
  }
}
