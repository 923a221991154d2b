import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { textVariable } from '../adapters/aws/environment.ts';
import { needing } from '../adapters/system/package-missing.ts';
import type { DynamoDbTransactionalStore, DynamoTransaction } from '../adapters/dynamodb/transactional-store.ts';
import type { CommandRecord, RecordWrite } from '../ports/idempotency-store.ts';
import type { RecordAccess, Store, TransactionalRecords } from './store.ts';

/** The DynamoDB table of a service, and the client for it. */
export interface DynamoStoreOptions {
  /**
   * Name of a table with the partition key `id` (string) that no other service uses.
   * @default the variable `TUTTI_COMMAND_TABLE`, which the service's construct sets
   */
  readonly table?: string;
  /** @default a client that is created at the first command, with the region and the credentials of the environment */
  readonly client?: DynamoDBClient;
}

/**
 * Keeps the command records of a service in its own DynamoDB table. A handler of effect class `transaction` writes through `task.tx`:
 * its items and the command's reply are committed in one DynamoDB transaction, which costs twice as much as single writes.
 * The first command throws `EnvironmentError` if neither `table` nor `TUTTI_COMMAND_TABLE` names a table.
 * @example import { dynamoStore } from 'tutti/service'; const store = dynamoStore({ table: 'stock' });
 */
export function dynamoStore(options: DynamoStoreOptions = {}): Store<DynamoTransaction> {
  return Object.freeze({ '~records': new LazyRecords(options) }) as unknown as Store<DynamoTransaction>;
}

/** The AWS SDK is loaded at the first command. */
class LazyRecords implements TransactionalRecords {
  readonly #options: DynamoStoreOptions;
  #loaded: Promise<DynamoDbTransactionalStore> | undefined;

  constructor(options: DynamoStoreOptions) {
    this.#options = options;
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    return (await this.#store()).read(commandId);
  }

  async write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite> {
    return (await this.#store()).write(commandId, record, expected);
  }

  async transact<T>(body: (tx: unknown, records: RecordAccess) => Promise<T>): Promise<T> {
    return (await this.#store()).transact(body);
  }

  /** A write is durable when it resolves. */
  async durable(): Promise<void> {}

  #store(): Promise<DynamoDbTransactionalStore> {
    this.#loaded ??= load(this.#options).catch((error: unknown) => {
      // The next command tries to load it again.
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }
}

async function load({ table, client }: DynamoStoreOptions): Promise<DynamoDbTransactionalStore> {
  const name = table ?? textVariable(process.env, 'TUTTI_COMMAND_TABLE', "the name of the table of the service's commands");
  const [{ DynamoDBClient }, { DynamoDbTransactionalStore }, { clientSettings }] = await needing(
    'dynamoStore()',
    ['@aws-sdk/client-dynamodb'],
    () =>
      Promise.all([
        import('@aws-sdk/client-dynamodb'),
        import('../adapters/dynamodb/transactional-store.ts'),
        import('../adapters/aws/client-settings.ts'),
      ]),
  );
  return new DynamoDbTransactionalStore({ client: client ?? new DynamoDBClient(clientSettings()), table: name });
}
