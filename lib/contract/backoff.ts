/** SQS delays a message at most 900 seconds (SendMessage, DelaySeconds). */
export const BACKOFF_SECONDS_MAX = 900;

/**
 * The delay before a message is redelivered after its n-th delivery failed because of the infrastructure: at most 2^n and at most 900
 * seconds, at least half of that. The growth ends the retry storm of an outage, and the jitter spreads the messages that piled up in it.
 * `chance`: 0 to 1.
 */
export function backoffSeconds(receiveCount: number, chance: number): number {
  const most = Math.min(BACKOFF_SECONDS_MAX, 2 ** Math.min(receiveCount, 10));
  return Math.ceil((most / 2) * (1 + chance));
}
