/** After this many receives of one message the service answers instead of trying again. */
export const RECEIVES_MAX = 20;
/**
 * After so many its queue buries it. More than the service's own limit: what only ever crashed its worker is answered by the receive
 * after that limit, and that answer may meet faults of its own.
 */
export const QUEUE_RECEIVES_MAX = RECEIVES_MAX + 5;
/** From here on, a message that is given back through no fault of its own is sent anew, which counts from 1. */
export const RECEIVES_NEAR_MAX = RECEIVES_MAX - 3;
/** How long a message that this worker cannot read waits for a newer worker, and for how long in all. */
export const HOLD_SECONDS = 60;
export const HOLD_MAX_MS = 15 * 60_000;
/** SQS hides a message for 12 hours at the most, counted from its receipt. */
export const VISIBILITY_SECONDS_MAX = 11 * 3600;

/** Whole seconds that cover `milliseconds`, within what SQS allows. */
export function secondsFor(milliseconds: number, most: number): number {
  return Math.max(0, Math.min(most, Math.ceil(milliseconds / 1000)));
}
