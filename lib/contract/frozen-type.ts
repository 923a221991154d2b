import type { Json } from './wire/json.ts';

/**
 * `T` as Tutti hands it out and takes it: readonly all the way down, as it is frozen at run time. A type that takes any JSON
 * is `Json`, so that a value read under one schema may be written under another.
 */
export type Frozen<T> = [T] extends [Scalar] ? T : [AnyJson] extends [T] ? Json : FrozenParts<T>;
type FrozenParts<T> = T extends Scalar ? T : { readonly [K in keyof T]: Frozen<T[K]> };
type Scalar = string | number | boolean | null | undefined;
type AnyJson = string | number | boolean | null | AnyJson[] | { [key: string]: AnyJson };
