export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export declare function equal<A, B>(same: Equal<A, B>): void;
export declare function is<T>(value: T): void;
