import type { Json } from './wire/json.ts';

/**
 * `T` with every level readonly, because Tutti freezes values at run time. A type that accepts any JSON becomes `Json`, so that a value
 * read by one schema can be written by another.
 */
export type Frozen<T> = [T] extends [Scalar] ? T : [AnyJson] extends [T] ? Json : FrozenParts<T>;
type FrozenParts<T> = T extends Scalar ? T : { readonly [K in keyof T]: Frozen<T[K]> };
type Scalar = string | number | boolean | null | undefined;
type AnyJson = string | number | boolean | null | AnyJson[] | { [key: string]: AnyJson };
