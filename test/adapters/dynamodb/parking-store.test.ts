import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { createTableInput, MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { Table, type TableInput, type TableProperties } from '../../cdk/account/table.ts';
import { parkingStoreContract } from '../../contracts/parking-store.contract.ts';

/** The calls of the store on a table in memory, which evaluates their expressions; LocalStack evaluates all of them. */
const clientOf = (table: Table): DynamoDBClient => {
  const answerTo = (
    name: string,
    input: TableInput & { readonly RequestItems?: Record<string, { readonly Keys: readonly object[] }> },
  ): object => {
    switch (name) {
      case 'PutItemCommand':
        table.put(input);
        return {};
      case 'UpdateItemCommand':
        return { Attributes: table.update(input) };
      case 'QueryCommand':
        return { Items: table.query(input) };
      default: {
        const keys = input.RequestItems?.[table.name]?.Keys ?? [];
        const items = keys.map((Key) => table.get({ Key: Key as NonNullable<TableInput['Key']> }));
        return { Responses: { [table.name]: items.filter((item) => item !== undefined) } };
      }
    }
  };
  const send = async (command: { readonly constructor: { readonly name: string }; readonly input: TableInput }): Promise<object> => {
    try {
      return answerTo(command.constructor.name, command.input);
    } catch (error) {
      throw Object.assign(error as object, { name: (error as { readonly type?: string }).type });
    }
  };
  return { send } as unknown as DynamoDBClient;
};

parkingStoreContract('DynamoDB, on a table in memory', () => {
  const table = new Table(createTableInput('trips', MAIN_TABLE) as unknown as TableProperties);
  return new DynamoDbParkingStore({ client: clientOf(table), table: 'trips', large: new MemoryPayloadStore() });
});
