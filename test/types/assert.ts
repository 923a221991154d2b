export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export declare function equal<A, B>(same: Equal<A, B>): void;
/** `A` is `B` with every level readonly. */
export declare function frozen<A, B>(same: Equal<A, Deep<B>>): void;
export type Deep<T> = T extends string | number | boolean | null | undefined ? T : { readonly [K in keyof T]: Deep<T[K]> };
export declare function is<T>(value: T): void;
