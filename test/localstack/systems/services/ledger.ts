import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';

/** The effects of a foreign system: one per idempotency key, however many requests it received. */
interface Deed {
  /** The idempotency key. */
  readonly key: string;
  readonly service: string;
  readonly what: string;
}

const client = new DynamoDBClient({});

/** Does it, and answers how the first time under that key was answered. A foreign system: it knows keys, and nothing of Tutti. */
export async function deed({ key, service, what }: Deed): Promise<string> {
  const { Attributes } = await client.send(
    new UpdateItemCommand({
      TableName: process.env['LEDGER_TABLE'],
      Key: { key: { S: key } },
      UpdateExpression:
        'SET service = :service, what = :what, answer = if_not_exists(answer, :answer), doneAt = if_not_exists(doneAt, :now) ADD calls :one',
      ExpressionAttributeValues: {
        ':service': { S: service },
        ':what': { S: what },
        ':answer': { S: crypto.randomUUID() },
        ':now': { N: String(Date.now()) },
        ':one': { N: '1' },
      },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return Attributes!['answer']!.S!;
}
