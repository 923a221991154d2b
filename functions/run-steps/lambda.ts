import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from '../../lib/adapters/aws/client-settings.ts';
import { textVariable } from '../../lib/adapters/aws/environment.ts';
import { DynamoDbPayloadStore } from '../../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../lib/adapters/dynamodb/process-store.ts';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { STEPS } from '../../lib/contract/steps.ts';
import { serveSteps } from '../../lib/steps/run-step.ts';
import { deployedSystem } from '../deployed-system.ts';
import { once } from '../once.ts';

/**
 * Runs the bodies of `ctx.run`. In: a batch of SQS records of the queue of steps. Out: the batch item failures.
 * Trunk: lib/service/aws/lambda-host.ts → the consumer claims a command → `serveSteps` (lib/steps/run-step.ts) reads head and journal,
 * strongly consistently, and replays them to the body. It writes command records only.
 */
export async function handler(batch: unknown, context: unknown): Promise<unknown> {
  return served()(batch, context);
}

const served = once(() => {
  const client = new DynamoDBClient(clientSettings());
  const table = textVariable(process.env, 'TUTTI_TABLE', 'the name of the table');
  const large = new S3PayloadStore({
    client: async () => new (await import('../../lib/adapters/s3/loaded-sdk.ts')).S3Client(clientSettings()),
    bucket: textVariable(process.env, 'TUTTI_BUCKET', 'the name of the bucket of large values'),
    owner: textVariable(process.env, 'TUTTI_BUCKET_OWNER', 'the account of the bucket of large values'),
    writer: STEPS,
  });
  return serveSteps({
    system: deployedSystem(),
    store: new DynamoDbProcessStore({ client, table }),
    payloads: new DynamoDbPayloadStore({ client, table, large }),
  });
});
