import {
  CLIENT_REMEDIES,
  ClientError,
  CONTRACT_REMEDIES,
  ContractError,
  isOrchestratorError,
  OrchestratorError,
  type ClientCode,
  type ContractCode,
  InternalError,
  Unsupported,
} from '../contract/errors.ts';
import type { Json } from '../contract/wire/json.ts';

/** An error in the form in which it crosses a channel. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly remedy: string;
  readonly details: Json;
}

export function faultOf(error: unknown): Fault {
  const { code, message, retryable, remedy, details } = isOrchestratorError(error) ? error : internal(error);
  return { code, message, retryable, remedy, details };
}

function internal(error: unknown): OrchestratorError {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new InternalError(message);
}

/** The error that `faultOf` took apart, without its cause. An error of another class becomes an OrchestratorError with its code. */
export function errorOf({ code, message, ...parts }: Fault): OrchestratorError {
  if (Object.hasOwn(CLIENT_REMEDIES, code)) return new ClientError(code as ClientCode, message, parts);
  if (Object.hasOwn(CONTRACT_REMEDIES, code)) return new ContractError(code as ContractCode, message, parts);
  return new OrchestratorError(code, message, parts);
}

/** The other end has no such method, for example because it is an older version of Tutti. */
export function unknownMethod(method: string): Unsupported {
  return new Unsupported(`The running system does not support ${method}.`, {
    remedy: 'Restart the system with the version of Tutti that the caller uses.',
  });
}
