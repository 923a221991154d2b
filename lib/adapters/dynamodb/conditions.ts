/**
 * Every condition of a conditional write, with the fact that it proves (docs/protocol.md#conditions). `#name` is the attribute `name`. Values
 * that end in 0 come from the image that the writer read.
 */

/** Create: there is no head, so no other writer has started or buffered this instance. */
export const NO_HEAD = 'attribute_not_exists(pk)';

/** Advance, close, stuck, new run: nothing was committed since the image was read, and it is the same run of the same id. */
export const SAME_VERSION_OF_RUN = '#v = :v0 AND #run = :run0';

/** Start on early: the buffer holds no event that the writer has not read, and no other writer has started the instance. */
export const SAME_EARLY_BUFFER = '#v = :v0 AND #st = :early0';

/** Resume: no other caller has resumed the instance. */
export const STILL_STUCK = '#v = :v0 AND #st = :stuck0';

/** Buffer: the instance has not been started, and its buffer holds less than its maximum. */
export const BUFFER_HAS_ROOM = `${NO_HEAD} OR (#st = :early AND (attribute_not_exists(#early) OR size(#early) < :max))`;

/** Spill: the chunk is new. An existing chunk holds the same bytes, so a failure is success. */
export const NO_CHUNK = 'attribute_not_exists(pk)';

/** Redriven or discarded: the event was not parked again since it was read. */
export const SAME_PARKING = '#at = :at0 AND attribute_not_exists(#redriven)';

/** Retired: there is an item to be marked, which an update would otherwise create. */
export const EXISTS = 'attribute_exists(pk)';

/** Retire: nothing was committed since the instance was found closed, as a restart or a late undo does, and no other call has retired it. */
export const CLOSED_AND_LISTED = '#v = :v0 AND attribute_exists(#lsh) AND #st IN (:completed, :failed, :cancelled, :terminated)';

/** Record a tenant: it is not in the list. An existing item is the same, so a failure is success. */
export const NO_TENANT = 'attribute_not_exists(pk)';

/** First write of a command record: no other worker has claimed the command. */
export const NO_RECORD = 'attribute_not_exists(id)';

/** Later write of a command record: no other worker has written it since it was read. */
export const SAME_REVISION = '#revision = :revision0';

/** First reply key: the deployment has none. */
export const NO_KEY = 'attribute_not_exists(#last)';

/** Later reply key: no other caller has added one since the keys were read. */
export const SAME_LAST_KEY = '#last = :last0';
