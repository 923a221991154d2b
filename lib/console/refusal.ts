import { isOrchestratorError } from '../contract/errors.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import type { RefusalView } from './views.ts';

/** The HTTP status of each code that a request can be refused with. Any other code is a fault of the system. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  DATA_INVALID: 400,
  DATA_TOO_LARGE: 413,
  CONTRACT_INVALID: 400,
  UNSUPPORTED: 409,
  DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_OPEN: 409,
  ALREADY_USED: 409,
  CLOSED: 409,
  STUCK: 409,
  PAUSED: 409,
  CANCELLED: 409,
  PROCESS_FAILED: 409,
  NONDETERMINISM: 409,
  FORK_REFUSED: 409,
  NOT_ERASED: 409,
  ERASED: 410,
  EARLY_OVERFLOW: 409,
  TIMED_OUT: 504,
  UNREACHABLE: 503,
  PACKAGE_MISSING: 501,
};

const FAULT_STATUS = 500;

/** `grant`: the grant that the principal lacks. */
export function refused(error: unknown, grant?: string): Response {
  if (!isOrchestratorError(error))
    return json({ error: { code: 'INTERNAL', message: thrownText(error) } } satisfies RefusalView, FAULT_STATUS);
  const { code, message, remedy, details } = error;
  const refusal: RefusalView = {
    error: {
      code,
      message,
      ...(remedy !== undefined && { remedy }),
      ...(details !== null && { details }),
      ...(grant !== undefined && { grant }),
    },
  };
  return json(refusal, STATUS_BY_CODE[code] ?? FAULT_STATUS);
}

/** A response that no cache keeps: it is about the state of this moment. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });
}
