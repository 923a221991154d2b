import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTableInput, type TableLayout } from '../../../lib/adapters/dynamodb/tables.ts';

/** Tables for one test file, on the endpoint of the environment; `drop` deletes them. */
export class FreshTables {
  readonly client = new DynamoDBClient({});
  readonly #made: string[] = [];

  async make(layout: TableLayout): Promise<string> {
    const table = `stores-${randomUUID()}`;
    await this.client.send(new CreateTableCommand(createTableInput(table, layout)));
    this.#made.push(table);
    return table;
  }

  async drop(): Promise<void> {
    await Promise.all(this.#made.map((TableName) => this.client.send(new DeleteTableCommand({ TableName }))));
    this.client.destroy();
  }
}
