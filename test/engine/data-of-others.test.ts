import { describe, expect, test } from 'vitest';
import type { S3Client } from '@aws-sdk/client-s3';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { VALUE_BYTES_MAX } from '../../lib/contract/wire/wire.ts';
import type { EngineContext } from '../../lib/engine/engine-context.ts';
import * as onDemand from '../../lib/engine/on-demand.ts';
import { readBody, refusedData } from '../../lib/engine/admit/admission.ts';
import { MISSING } from '../../lib/engine/admit/body-data.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';

const DATA = '{"secret":"of another instance"}';
const HASH = sha256(DATA);
const COMMAND = 'default#order#1/run/2';

/** The result of a message that refers to data at this place of the bucket, and the reads of the bucket. */
const read = async (at: string, message: (dataref: string) => object, size = DATA.length): Promise<unknown> => {
  const asked: string[] = [];
  const client = {
    send: async ({ input }: { readonly input: { readonly Key: string } }) => {
      asked.push(input.Key);
      return { ContentLength: size, Body: { transformToString: async () => DATA } };
    },
  } as unknown as S3Client;
  const payloads = new S3PayloadStore({ client, bucket: 'b', owner: '111111111111', writer: 'orchestrator' });
  const environment = { hash: sha256, canonical: JSON.stringify };
  const rare = async () => onDemand;
  const context = { options: { payloads }, environment, catalogue: { system: { name: 'shop' } }, rare } as unknown as EngineContext;
  const body = await readBody(context, JSON.stringify(message(`s3://b/${at}/${HASH}`)));
  const refused = refusedData(body);
  return refused?.status === 'park' ? `${refused.reason}, ${asked.length} read` : body === MISSING ? 'missing' : 'read';
};

const detail = (over: object) => (dataref: string) => ({
  source: 'ads',
  detail: { specversion: '1.0', id: 'e1', source: 'ads', type: 'ads.promo', dataref, datahash: `sha256:${HASH}`, ...over },
});
const ofBus = (source: string, over: object) => (dataref: string) => ({ ...detail({ source, ...over })(dataref), source });

describe('data that lies apart is read', () => {
  test.each([
    ['of an event, under its source', 'ads/anything', detail({})],
    ['of an event, as a client put it', '_clients/ads.promo', detail({})],
    ['of an event of a process', 'orchestrator/default%23order%231', ofBus('shop', { id: COMMAND, type: 'shop.shipped' })],
    ['of a reply, under its service and instance', 'payments/default%23order%231', ofBus('payments', { commandid: COMMAND })],
    [
      'of a start by a client',
      '_clients/order',
      (dataref: string) => ({ tutti: 'start', process: 'order', dataref, datahash: `sha256:${HASH}` }),
    ],
    ['of a message without a source beside it', 'ads/anything', (dataref: string) => ({ ...detail({})(dataref), source: undefined })],
  ])('%s', async (_name, at, message) => {
    expect(await read(at, message)).toBe('read');
  });
});

describe('data of others is not read, and its message is parked at once', () => {
  test.each([
    ['of the orchestrator, for an event of another owner', 'orchestrator/victim%23order%231', detail({})],
    ['of a service, for an event of another owner', 'payments/victim', detail({})],
    ['of a prefix without an owner', 'nobody/x', detail({})],
    ['of another type', '_clients/shop.placed', detail({})],
    ['of another source than the bus knows', 'payments/x', detail({ source: 'payments' })],
    ['of another instance, for a reply', 'payments/default%23order%232', ofBus('payments', { commandid: COMMAND })],
    ['of a client, for a reply', '_clients/payments.charge.completed', ofBus('payments', { commandid: COMMAND })],
    ['of another instance, for an event of a process', 'orchestrator/victim%23order%231', ofBus('shop', { id: COMMAND })],
    ['of the orchestrator, for an event of no process', 'orchestrator/victim%23order%231', ofBus('shop', {})],
    ['of another process, for a start', '_clients/other', (dataref: string) => ({ tutti: 'start', process: 'order', dataref })],
    ['that goes up', 'ads/../payments', detail({})],
  ])('%s', async (_name, at, message) => {
    expect(await read(at, message)).toBe('FORBIDDEN, 0 read');
  });
});

test('data of more than 20 MB is not read, and its message is parked at once', async () => {
  expect(await read('ads/x', detail({}), VALUE_BYTES_MAX + 1)).toBe('DATA_TOO_LARGE, 1 read');
});

test('a plain event whose own data has a member dataref is its data', async () => {
  expect(await read('orchestrator/x', (dataref) => ({ source: 'ads', detail: { dataref } }))).toBe('read');
});
