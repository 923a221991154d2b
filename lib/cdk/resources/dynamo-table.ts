import type { RemovalPolicy } from 'aws-cdk-lib/core';
import { AttributeType, ProjectionType, TableEncryptionV2, TableV2, type Attribute, type WarmThroughput } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { KeyAttribute, TableLayout } from '../../adapters/dynamodb/tables.ts';

export interface DynamoTableProps {
  readonly tableName: string;
  readonly layout: TableLayout;
  readonly removalPolicy: RemovalPolicy;
  /** @default false: the table can be deleted */
  readonly deletionProtection?: boolean;
  /** Throughput of the table and of each index. @default the throughput of a new on-demand table */
  readonly warmThroughput?: WarmThroughput;
  /** @default a key that AWS owns */
  readonly encryptionKey?: IKey;
}

/** A table with the layout of its adapter: on demand, with point-in-time recovery. */
export function dynamoTable(scope: Construct, id: string, props: DynamoTableProps): TableV2 {
  const { tableName, layout, removalPolicy, deletionProtection = false, warmThroughput, encryptionKey } = props;
  return new TableV2(scope, id, {
    tableName,
    partitionKey: attribute(layout.partition),
    ...(layout.sort && { sortKey: attribute(layout.sort) }),
    timeToLiveAttribute: layout.ttl,
    globalSecondaryIndexes: layout.indexes.map((index) => ({
      indexName: index.name,
      partitionKey: attribute(index.partition),
      sortKey: attribute(index.sort),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...index.projected],
      // An index that is throttled throttles the writes of its table.
      ...(warmThroughput && { warmThroughput }),
    })),
    encryption: encryptionKey ? TableEncryptionV2.customerManagedKey(encryptionKey) : TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(deletionProtection && { deletionProtection }),
    ...(warmThroughput && { warmThroughput }),
    removalPolicy,
  });
}

function attribute({ name, type }: KeyAttribute): Attribute {
  return { name, type: type === 'S' ? AttributeType.STRING : AttributeType.NUMBER };
}
