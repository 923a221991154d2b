import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { clientSettings } from '../../lib/adapters/aws/client-settings.ts';
import { textVariable } from '../../lib/adapters/aws/environment.ts';
import { EventBridgeEventPublisher } from '../../lib/adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { storingIn } from '../../lib/client/carried-data.ts';
import { CLIENT_WRITER } from '../../lib/ports/payload-store.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

/** Publishes the records of a Kafka topic as events of one type, with the rights of a publisher of that event. */
export const handler = makeHandler(
  once(() => {
    const variable = (name: string, expected: string): string => textVariable(process.env, name, expected);
    const payloads = new S3PayloadStore({
      client: async () => new (await import('../../lib/adapters/s3/loaded-sdk.ts')).S3Client(clientSettings()),
      bucket: variable('TUTTI_BUCKET', 'the name of the bucket of large values'),
      owner: variable('TUTTI_BUCKET_OWNER', 'the account of the bucket of large values'),
      writer: CLIENT_WRITER,
    });
    const type = variable('TUTTI_EVENT', 'the type of the event');
    return {
      publisher: new EventBridgeEventPublisher({
        client: new EventBridgeClient(clientSettings()),
        busName: variable('TUTTI_BUS', 'the bus'),
      }),
      storeLarge: storingIn(payloads),
      event: { owner: type.slice(0, type.indexOf('.')), type, dedupes: process.env['TUTTI_DEDUPES'] === 'true' },
      log: logLine,
      now: Date.now,
    };
  }),
);
