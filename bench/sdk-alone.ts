import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../lib/adapters/aws/client-settings.ts';

/** The floor of a function: the three clients and the two calls of a start in sequence, without Tutti. */
export const handler = async (): Promise<{ readonly batchItemFailures: readonly never[] }> => {
  const dynamodb = new DynamoDBClient(clientSettings());
  const sqs = new SQSClient(clientSettings());
  const bus = new EventBridgeClient(clientSettings());
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: 'trips',
      Key: { pk: { S: 'default#book-trip#cart-1' }, sk: { S: 'H' } },
      UpdateExpression: 'SET v = :v',
      ExpressionAttributeValues: { ':v': { N: '1' } },
    }),
  );
  const QueueUrl = process.env['TUTTI_INBOX_URL'] as string;
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: '0', MessageBody: '{}' }] }));
  bus.destroy();
  return { batchItemFailures: [] };
};
