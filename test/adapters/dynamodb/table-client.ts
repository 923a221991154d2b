import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTableInput, MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { CallError, Table, type TableInput, type TableProperties } from '../../cdk/account/table.ts';
import { conditionFailed } from './stub-client.ts';

interface Batch {
  readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly NonNullable<TableInput['Key']>[] }>>;
}

/** A client of one main table in memory, that of the account in which the rights are tested. It has no pages and no index that lags. */
export class TableClient {
  readonly table = new Table(createTableInput('T', MAIN_TABLE) as TableProperties);

  get client(): DynamoDBClient {
    return this as unknown as DynamoDBClient;
  }

  async send(command: { readonly constructor: { readonly name: string }; readonly input: TableInput & Batch }): Promise<object> {
    const { input } = command;
    switch (command.constructor.name) {
      case 'GetItemCommand': {
        const found = this.table.get(input);
        return found === undefined ? {} : { Item: found };
      }
      case 'BatchGetItemCommand':
        return {
          Responses: { T: (input.RequestItems['T']?.Keys ?? []).flatMap((Key) => this.table.get({ Key }) ?? []) },
        };
      case 'QueryCommand':
        return { Items: this.table.query(input) };
      case 'PutItemCommand':
        return conditionally(() => this.table.put(input));
      case 'UpdateItemCommand':
        return conditionally(() => this.table.update(input));
      default:
        throw new RangeError(`The table in memory knows no ${command.constructor.name}.`);
    }
  }
}

function conditionally(write: () => unknown): object {
  try {
    write();
    return {};
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { Item } = error.members as { readonly Item?: Parameters<typeof conditionFailed>[0] };
    throw conditionFailed(Item);
  }
}
