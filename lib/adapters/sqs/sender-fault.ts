import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';

/** Passes by itself, whatever SQS says of whose fault it is. */
const PASSING = /Throttl|OverLimit|RequestLimitExceeded|SlowDown|TooManyRequests|ServiceUnavailable|InternalFailure|InternalError/;

/**
 * No repetition helps against these: the queue is missing, the body is not allowed, or the key of the queue is denied or disabled.
 * A denied call is not among them: a grant takes seconds to be known everywhere after a deployment.
 */
const LASTING =
  /QueueDoesNotExist|NonExistentQueue|InvalidMessageContents|InvalidAddress|InvalidParameterValue|MissingParameter|UnsupportedOperation|Kms(?:AccessDenied|Disabled|InvalidKeyUsage|InvalidState|NotFound|OptInRequired)/i;

/** Whether the same message fails again however often it is sent. Of an entry of a batch, or of an error of the whole call. */
export function isSenderFault(fault: unknown): boolean {
  const entry = fault as Partial<BatchResultErrorEntry> & { readonly name?: string };
  const code = entry.Code ?? entry.name ?? '';
  if (PASSING.test(code)) return false;
  return LASTING.test(code) || entry.SenderFault === true;
}
