/**
 * Wraps a callback of the user's program: a failure, also an asynchronous one, reaches `failed` and nothing else.
 */
export function isolated<T>(callback: (value: T) => unknown, failed: (error: unknown) => void): (value: T) => void {
  return (value) => {
    try {
      const returned = callback(value);
      if (isThenable(returned)) returned.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
