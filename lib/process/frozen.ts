/** Freezes data all the way down: what user code is handed cannot be changed by it, so that a cached run equals a replayed one. */
export const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
};
