import { AsyncLocalStorage } from 'node:async_hooks';

/** A storage that follows running code over each `await`. A host passes it to the front end of its processes. */
export function asyncStorage<T>(): Pick<AsyncLocalStorage<T>, 'getStore' | 'run'> {
  return new AsyncLocalStorage<T>();
}
