import { randomBytes } from 'node:crypto';
import { TransactWriteItemsCommand, type CancellationReason, type DynamoDBClient, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../ports/idempotency-store.ts';
import { itemOf } from './attribute-value.ts';
import { DynamoDbIdempotencyStore, type DynamoDbIdempotencyStoreOptions } from './idempotency-store.ts';
import { recordUpdate } from './record-item.ts';

/** The writes of a handler beside the record of its command. */
export interface DynamoTransaction {
  /**
   * Puts an item into the service's table, in the place of the one with the same `id`, when the command commits. A command's
   * record has the command's id, which holds a `#` and a `/`: keep yours apart from them. The service needs the right
   * `dynamodb:PutItem` on the table for it, which it has by its construct and by `grantService`.
   */
  put(item: object): void;
}

type Body = Omit<CommandRecord, 'revision'>;
type Records = Pick<IdempotencyStore, 'read' | 'write'>;

/** Number of attempts of a transaction when another worker writes the record meanwhile. */
const BEGINS_MAX = 3;

/**
 * Command records and the items of a handler, written all or none, when the body has ended.
 *
 * D1  A write of a record is compared with the result of a consistent read.
 * D2  The condition of the one transaction that writes everything compares it again.
 * D3  If that condition fails, the body runs again and reads the current record.
 * D4  A body whose write met a conflict writes nothing.
 */
export class DynamoDbTransactionalStore implements IdempotencyStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  readonly #records: DynamoDbIdempotencyStore;
  readonly #writer = randomBytes(6).toString('base64url');
  #writes = 0;

  constructor(options: DynamoDbIdempotencyStoreOptions) {
    this.#client = options.client;
    this.#table = options.table;
    this.#now = options.now ?? Date.now;
    this.#records = new DynamoDbIdempotencyStore(options);
  }

  read(commandId: string): Promise<CommandRecord | undefined> {
    return this.#records.read(commandId);
  }

  write(commandId: string, record: Body, expected: number | 'absent'): Promise<RecordWrite> {
    return this.#records.write(commandId, record, expected);
  }

  durable(): Promise<void> {
    return this.#records.durable();
  }

  async transact<T>(body: (tx: DynamoTransaction, records: Records) => Promise<T>): Promise<T> {
    for (let begins = 1; ; begins += 1) {
      const transaction = new Transaction(this.#records);
      const result = await body(transaction, transaction);
      try {
        await this.#commit(transaction);
        return result;
      } catch (error) {
        if (begins === BEGINS_MAX || !isConflict(error)) throw error;
      }
    }
  }

  async #commit({ items, pending, conflict }: Transaction): Promise<void> {
    if (conflict || items.length + pending.size === 0) return;
    const write = `${this.#writer}${(this.#writes += 1).toString(36)}`;
    const updates = Array.from(pending, ([commandId, { record, base }]): TransactWriteItem => ({
      Update: recordUpdate({ table: this.#table, commandId, record, expected: base, write, now: this.#now() }),
    }));
    // A transaction accepts each item once, so of items with the same id the last is written, as without a transaction.
    const last = new Map(items.map((item) => [(item as { readonly id?: unknown }).id, item]));
    const puts = Array.from(last.values(), (item): TransactWriteItem => ({
      Put: { TableName: this.#table, Item: itemOf(item, 'tx.put') },
    }));
    // The SDK gives each request a token of its own, so that a retry after a lost response has no second effect.
    await this.#client.send(new TransactWriteItemsCommand({ TransactItems: [...updates, ...puts] }));
  }
}

/** The writes that a body has requested. Later reads and writes of the body see them. */
class Transaction implements DynamoTransaction, Records {
  readonly items: object[] = [];
  /** `base`: the revision that stood before the first write of the body. */
  readonly pending = new Map<string, { readonly record: Body; readonly base: number | 'absent'; readonly revision: number }>();
  conflict = false;
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  put(item: object): void {
    this.items.push(item);
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    const own = this.pending.get(commandId);
    return own === undefined ? this.#records.read(commandId) : { ...own.record, revision: own.revision };
  }

  async write(commandId: string, record: Body, expected: number | 'absent'): Promise<RecordWrite> {
    const current = await this.read(commandId);
    if ((current?.revision ?? 'absent') !== expected) {
      this.conflict = true;
      return { status: 'conflict', current };
    }
    const base = this.pending.get(commandId)?.base ?? expected;
    this.pending.set(commandId, { record, base, revision: expected === 'absent' ? 1 : expected + 1 });
    return { status: 'written' };
  }
}

/** Whether another worker has written the record or is writing it. Compares the name, because another copy of the SDK throws another class. */
function isConflict(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return false;
  const { CancellationReasons: reasons } = error as { readonly CancellationReasons?: readonly CancellationReason[] };
  return reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict') === true;
}
