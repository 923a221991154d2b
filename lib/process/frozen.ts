/**
 * Freezes journaled data all the way down: what user code is handed cannot be changed by it, so that a cached run equals a replayed one.
 * It is frozen before its members are, so that a value that holds itself ends.
 */
export const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) frozen(each);
  return value;
};
