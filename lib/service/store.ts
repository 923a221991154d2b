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

/**
 * The prefix of a record key of a system that shares the service with others. Ids of commands do not name their system, so two systems may
 * send different commands under one id. `|` is in no command id, so a key with a prefix equals no key without one (docs/wire.md#1-places).
 */
export function keyPrefixOf(system: string): string {
  return `${system}|`;
}

/** Records whose keys begin with the prefix. */
export function prefixedRecords(records: TransactionalRecords, prefix: string): TransactionalRecords;
export function prefixedRecords(records: IdempotencyStore, prefix: string): IdempotencyStore;
export function prefixedRecords(records: IdempotencyStore | TransactionalRecords, prefix: string): IdempotencyStore {
  if (prefix === '') return records;
  const prefixed = ({ read, write }: RecordAccess): RecordAccess => ({
    read: (commandId) => read(`${prefix}${commandId}`),
    write: (commandId, record, expected) => write(`${prefix}${commandId}`, record, expected),
  });
  const bound = prefixed({ read: records.read.bind(records), write: records.write.bind(records) });
  const store: IdempotencyStore = { ...bound, durable: () => records.durable() };
  if (!('transact' in records)) return store;
  const transactional: TransactionalRecords = {
    ...store,
    transact: (body) => records.transact((tx, access) => body(tx, prefixed(access))),
  };
  return transactional;
}

/** Reads the records of a store. */
export function storeRecords(store: Store<unknown>): TransactionalRecords | undefined {
  return (store as { readonly '~records'?: TransactionalRecords })['~records'];
}
