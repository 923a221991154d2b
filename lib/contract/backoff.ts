/** SQS delays a message at most 900 seconds (SendMessage, DelaySeconds). */
export const BACKOFF_SECONDS_MAX = 900;

/**
 * In how many seconds a message comes again whose n-th delivery has met a fault of the infrastructure: at most 2^n and at most 900, at least
 * half of that. Growth ends the retry storm of an outage, and the jitter spreads what an outage has gathered. `chance`: 0 to 1.
 */
export const backoffSeconds = (receiveCount: number, chance: number): number => {
  const most = Math.min(BACKOFF_SECONDS_MAX, 2 ** Math.min(receiveCount, 10));
  return Math.ceil((most / 2) * (1 + chance));
};
