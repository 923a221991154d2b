import { DynamoDbInstanceIndex } from '../lib/adapters/dynamodb/instance-index.ts';
import { tableWithLarge } from './deployed-ports.ts';

/** Only listing instances needs the names of the processes; due instances and tenants are found without them. */
export function deployedIndex(processes: readonly string[] = []): DynamoDbInstanceIndex {
  return new DynamoDbInstanceIndex({ ...tableWithLarge(), processes });
}
