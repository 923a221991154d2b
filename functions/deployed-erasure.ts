import { DynamoDbErasureStore } from '../lib/adapters/dynamodb/erasure-store.ts';
import { systemContract } from '../lib/contract/system.ts';
import { ORCHESTRATOR_WRITER } from '../lib/ports/payload-store.ts';
import { tableWithLarge } from './deployed-ports.ts';
import { deployedSystem } from './deployed-system.ts';

/** Removes what the deployment stores of an erased instance. The engine loads this file at the first erasure. */
export function deployedErasure(): DynamoDbErasureStore {
  const writers = [ORCHESTRATOR_WRITER, ...systemContract(deployedSystem()).services.keys()];
  return new DynamoDbErasureStore({ ...tableWithLarge(), writers });
}
