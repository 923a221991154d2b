/**
 * Freezes journaled data deeply, so that user code cannot change it and a cached run equals a replayed one. A value is frozen before its
 * members, so the recursion ends on cycles.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) frozen(each);
  return value;
}
