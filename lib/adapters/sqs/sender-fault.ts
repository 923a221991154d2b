import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';

/** Transient, although SQS may report a sender fault. */
const PASSING = /Throttl|OverLimit|RequestLimitExceeded|SlowDown|TooManyRequests|ServiceUnavailable|InternalFailure|InternalError/;

/**
 * Permanent faults: the queue is missing, the body is not allowed, or the key of the queue is denied or disabled.
 * A denied call is not among them, because a grant takes seconds to take effect everywhere after a deployment.
 */
const LASTING =
  /QueueDoesNotExist|NonExistentQueue|InvalidMessageContents|InvalidAddress|InvalidParameterValue|MissingParameter|UnsupportedOperation|Kms(?:AccessDenied|Disabled|InvalidKeyUsage|InvalidState|NotFound|OptInRequired)/i;

/** Whether every further send of the same message fails, for an entry of a batch or an error of the whole call. */
export function isSenderFault(fault: unknown): boolean {
  const entry = fault as Partial<BatchResultErrorEntry> & { readonly name?: string };
  const code = entry.Code ?? entry.name ?? '';
  if (PASSING.test(code)) return false;
  return LASTING.test(code) || entry.SenderFault === true;
}
