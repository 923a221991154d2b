/** Made by the first call, so that importing a function costs nothing; kept for as long as its environment lives. */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};
