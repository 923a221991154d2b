/** A message that was received more often is given up with a reply, without another run. */
export const RECEIVES_MAX = 20;
/**
 * After this many receives the queue moves the message to its dead-letter queue. It is higher than RECEIVES_MAX, because a command that
 * crashes each worker gets its reply by the receive after that limit, and writing or publishing that reply may need further receives.
 */
export const QUEUE_RECEIVES_MAX = RECEIVES_MAX + 5;
/**
 * From this receive on, a message that is returned without a failure of its own is sent again as a new message, whose count begins at 1.
 */
export const RECEIVES_NEAR_MAX = RECEIVES_MAX - 3;
/** Seconds until a command that this worker cannot read is shown again, to this or a newer worker. */
export const HOLD_SECONDS = 60;
/** Milliseconds since its send after which such a command is given up. */
export const HOLD_MAX_MS = 15 * 60_000;
/** SQS hides a message for at most 12 hours after its receipt; one hour is kept as a reserve. */
export const VISIBILITY_SECONDS_MAX = 11 * 3600;

/** `milliseconds` in whole seconds, rounded up, from 0 to `most`. */
export function secondsFor(milliseconds: number, most: number): number {
  return Math.max(0, Math.min(most, Math.ceil(milliseconds / 1000)));
}
