/** Creates the value at the first call, so that importing a function costs nothing, and keeps it for the life of the environment. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
