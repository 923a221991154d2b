import { isFailure } from '../contract/errors.ts';

/**
 * The failure of a body. `Promise.any` and `await using` throw several failures as one error: the last of them counts, as in `ctx.any`. If
 * one of them is not a failure, it is the bug.
 */
export function thrownFailure(error: unknown): unknown {
  const together = thrownTogether(error).map(thrownFailure);
  return together.length === 0 ? error : (together.find((each) => !isFailure(each)) ?? together.at(-1));
}

function thrownTogether(error: unknown): readonly unknown[] {
  if (error instanceof AggregateError) return error.errors;
  // Node 20 lacks the class `SuppressedError`. The replacement that compilers insert has the same name.
  if (error instanceof Error && error.name === 'SuppressedError' && 'error' in error && 'suppressed' in error)
    return [error.suppressed, error.error];
  return [];
}
