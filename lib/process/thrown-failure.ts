import { isFailure } from '../contract/errors.ts';

/**
 * What a body failed with. Failures that native code throws together count as the last of them, as in `ctx.any`: those of `Promise.any`,
 * and one that suppresses another at the end of an `await using`. Where one of them is no failure, that one is the bug.
 */
export const thrownFailure = (error: unknown): unknown => {
  const together = thrownTogether(error).map(thrownFailure);
  return together.length === 0 ? error : (together.find((each) => !isFailure(each)) ?? together.at(-1));
};

const thrownTogether = (error: unknown): readonly unknown[] => {
  if (error instanceof AggregateError) return error.errors;
  // Node 20 lacks the class; what compilers put in its place has its name.
  if (error instanceof Error && error.name === 'SuppressedError' && 'error' in error && 'suppressed' in error)
    return [error.suppressed, error.error];
  return [];
};
