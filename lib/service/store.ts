import type { IdempotencyStore } from '../ports/idempotency-store.ts';

/** Where a service keeps its commands; `Tx` is what handlers of effect class `transaction` write through. */
export interface Store<Tx> {
  readonly '~tx': Tx;
}

/** Reads and writes of records inside one transaction. */
export type RecordAccess = Pick<IdempotencyStore, 'read' | 'write'>;

/** Records beside which a handler's own writes can be committed. */
export interface TransactionalRecords extends IdempotencyStore {
  /** Runs `body` in one transaction: what it writes, records included, stands together or not at all. Rolls back and rethrows what it throws. */
  transact<T>(body: (tx: unknown, records: RecordAccess) => Promise<T>): Promise<T>;
}

/** What a store holds at run time. */
export function storeRecords(store: Store<unknown>): TransactionalRecords | undefined {
  return (store as { readonly '~records'?: TransactionalRecords })['~records'];
}
