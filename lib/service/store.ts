import type { IdempotencyStore } from '../ports/idempotency-store.ts';

/** The command records of a service; `Tx` is the type of `task.tx` in handlers of effect class `transaction`. */
export interface Store<Tx> {
  readonly '~tx': Tx;
}

/** Reads and writes of records inside one transaction. */
export type RecordAccess = Pick<IdempotencyStore, 'read' | 'write'>;

/** Command records that can commit in one transaction with the writes of a handler. */
export interface TransactionalRecords extends IdempotencyStore {
  /** Runs `body` in one transaction. If `body` throws, all its writes, records included, are rolled back, and the error is rethrown. */
  transact<T>(body: (tx: unknown, records: RecordAccess) => Promise<T>): Promise<T>;
}

/** Reads the records of a store. */
export function storeRecords(store: Store<unknown>): TransactionalRecords | undefined {
  return (store as { readonly '~records'?: TransactionalRecords })['~records'];
}
