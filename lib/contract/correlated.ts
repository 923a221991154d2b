import type { CorrelationContract } from './runtime-contract.ts';

/** An event together with how its data names an instance: what `startOn`, `receives` and `.on` take. */
export interface Correlated<N extends string = string, D = unknown, By extends 'id' | 'key' = 'id' | 'key'> {
  readonly '~event': N;
  readonly '~data': D;
  readonly by: By;
}

/** What a correlated event holds at run time. */
export function correlationContract(correlated: Correlated): CorrelationContract {
  return correlated['~data'] as CorrelationContract;
}
