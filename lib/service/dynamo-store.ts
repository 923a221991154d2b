import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { textVariable } from '../adapters/aws/environment.ts';
import { needing } from '../adapters/system/package-missing.ts';
import type { DynamoDbTransactionalStore, DynamoTransaction } from '../adapters/dynamodb/transactional-store.ts';
import type { CommandRecord, RecordWrite } from '../ports/idempotency-store.ts';
import type { RecordAccess, Store, TransactionalRecords } from './store.ts';

/** Which table of DynamoDB, and how to reach it. */
export interface DynamoStoreOptions {
  /** A table of this service alone, with the partition key `id` (a text). @default the table of the service's construct, by `TUTTI_COMMAND_TABLE` */
  readonly table?: string;
  /** @default one made at the first command, for the region and with the credentials of the environment */
  readonly client?: DynamoDBClient;
}

/**
 * Keeps commands in the service's own table of DynamoDB. A handler of effect class `transaction` writes through `task.tx`:
 * what it puts and the command's answer are written together or not at all, at twice the price of writes by themselves.
 * @example import { dynamoStore } from 'tutti/service'; const store = dynamoStore({ table: 'stock' });
 */
export function dynamoStore(options: DynamoStoreOptions = {}): Store<DynamoTransaction> {
  return Object.freeze({ '~records': new LazyRecords(options) }) as unknown as Store<DynamoTransaction>;
}

/** Nothing of AWS is loaded before the first command. */
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
      // What could not be loaded is tried again by the next command.
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
