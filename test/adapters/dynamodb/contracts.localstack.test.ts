import { afterAll } from 'vitest';
import { DynamoDbErasureStore } from '../../../lib/adapters/dynamodb/erasure-store.ts';
import { DynamoDbIdempotencyStore } from '../../../lib/adapters/dynamodb/idempotency-store.ts';
import { DynamoDbInstanceIndex } from '../../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbReplyKeys } from '../../../lib/adapters/dynamodb/reply-keys.ts';
import { DynamoDbRetirementStore } from '../../../lib/adapters/dynamodb/retirement-store.ts';
import { COMMAND_TABLE, MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { idempotencyStoreContract } from '../../contracts/idempotency-store.contract.ts';
import { instanceIndexContract } from '../../contracts/instance-index.contract.ts';
import { erasureStoreContract } from '../../contracts/erasure-store.contract.ts';
import { parkingStoreContract } from '../../contracts/parking-store.contract.ts';
import { payloadStoreContract } from '../../contracts/payload-store.contract.ts';
import { processStoreContract } from '../../contracts/process-store.contract.ts';
import { retirementStoreContract } from '../../contracts/retirement-store.contract.ts';
import { replyKeysContract } from '../../contracts/reply-keys.contract.ts';
import { FreshTables } from './fresh-tables.ts';

const tables = new FreshTables();
const { client } = tables;
afterAll(() => tables.drop());

const indexed = { processes: ['trip', 'order'] };
/** The indexes of DynamoDB Local are written with the table. */
const settle = async (): Promise<void> => {};

processStoreContract('dynamodb', async () => new DynamoDbProcessStore({ client, table: await tables.make(MAIN_TABLE) }));
instanceIndexContract('dynamodb', async () => {
  const table = await tables.make(MAIN_TABLE);
  return { store: new DynamoDbProcessStore({ client, table }), index: new DynamoDbInstanceIndex({ client, table, ...indexed }), settle };
});
retirementStoreContract('dynamodb', async () => {
  const table = await tables.make(MAIN_TABLE);
  return {
    store: new DynamoDbProcessStore({ client, table }),
    index: new DynamoDbInstanceIndex({ client, table, ...indexed }),
    retirement: new DynamoDbRetirementStore({ client, table, ...indexed }),
    settle,
  };
});
erasureStoreContract('dynamodb', async () => {
  const table = await tables.make(MAIN_TABLE);
  const large = new MemoryPayloadStore();
  const erasure = new DynamoDbErasureStore({ client, table, large: { removeFolder: async () => {} }, writers: [] });
  return {
    store: new DynamoDbProcessStore({ client, table }),
    payloads: new DynamoDbPayloadStore({ client, table, large }),
    parking: new DynamoDbParkingStore({ client, table, large }),
    erasure,
  };
});
parkingStoreContract(
  'dynamodb',
  async () => new DynamoDbParkingStore({ client, table: await tables.make(MAIN_TABLE), large: new MemoryPayloadStore() }),
);
payloadStoreContract(
  'dynamodb',
  async () => new DynamoDbPayloadStore({ client, table: await tables.make(MAIN_TABLE), large: new MemoryPayloadStore() }),
);
replyKeysContract('dynamodb', async () => new DynamoDbReplyKeys({ client, table: await tables.make(MAIN_TABLE) }));
idempotencyStoreContract('dynamodb', async () => new DynamoDbIdempotencyStore({ client, table: await tables.make(COMMAND_TABLE) }));
