import type { RemovalPolicy } from 'aws-cdk-lib/core';
import { AttributeType, ProjectionType, TableEncryptionV2, TableV2, type Attribute } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { KeyAttribute, TableLayout } from '../adapters/dynamodb/tables.ts';

/** A table as its adapter lays it out: paid by request, with point-in-time recovery. */
export function dynamoTable(scope: Construct, id: string, tableName: string, layout: TableLayout, removalPolicy: RemovalPolicy): TableV2 {
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
    })),
    encryption: TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
  });
}

const attribute = ({ name, type }: KeyAttribute): Attribute => ({ name, type: type === 'S' ? AttributeType.STRING : AttributeType.NUMBER });
