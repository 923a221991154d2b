import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';

/** The units that one call consumed, as reported by DynamoDB. Units of indexes are separate. */
export interface ConsumedUnits {
  readonly read: number;
  readonly write: number;
  readonly indexRead: number;
  readonly indexWrite: number;
}

/** Called after every call that succeeded. A failed condition is charged too, but DynamoDB does not return its units. */
export type OnConsumed = (units: ConsumedUnits) => void;

/** The parameter that requests consumed units; empty without a listener. */
export function capacityParameter(onConsumed: OnConsumed | undefined): { readonly ReturnConsumedCapacity?: 'INDEXES' } {
  return onConsumed === undefined ? {} : { ReturnConsumedCapacity: 'INDEXES' };
}

export function tellConsumed(
  onConsumed: OnConsumed | undefined,
  kind: 'read' | 'write',
  capacity: ConsumedCapacity | readonly ConsumedCapacity[] | undefined,
): void {
  if (onConsumed === undefined || capacity === undefined) return;
  for (const each of Array.isArray(capacity) ? (capacity as readonly ConsumedCapacity[]) : [capacity as ConsumedCapacity])
    onConsumed(unitsOf(kind, each));
}

function unitsOf(kind: 'read' | 'write', capacity: ConsumedCapacity): ConsumedUnits {
  const indexes = Object.values(capacity.GlobalSecondaryIndexes ?? {}).reduce((sum, index) => sum + (index.CapacityUnits ?? 0), 0);
  const table = capacity.Table?.CapacityUnits ?? (capacity.CapacityUnits ?? 0) - indexes;
  return kind === 'read'
    ? { read: table, write: 0, indexRead: indexes, indexWrite: 0 }
    : { read: 0, write: table, indexRead: 0, indexWrite: indexes };
}
