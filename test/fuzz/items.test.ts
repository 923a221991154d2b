import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { itemOf } from '../../lib/adapters/dynamodb/attribute-value.ts';
import { decodeChunk, encodeChunk } from '../../lib/adapters/dynamodb/chunk-item.ts';
import { decodeHeadItem, encodeHeadItem } from '../../lib/adapters/dynamodb/head-item.ts';
import { packText, unpackText } from '../../lib/adapters/dynamodb/packed-lines.ts';
import { decodeRecord, recordUpdate } from '../../lib/adapters/dynamodb/record-item.ts';
import { groupId } from '../../lib/adapters/sqs/group-id.ts';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { FieldReader, FieldWriter } from '../../lib/adapters/embedded/log/field-text.ts';
import { headCodec } from '../../lib/adapters/embedded/head-row.ts';
import { buildPid } from '../../lib/contract/wire/process-id.ts';
import type { CommandRecord } from '../../lib/ports/idempotency-store.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { fuzz } from './fuzz.ts';
import { json, plainJson, wellFormedText } from './hostile-json.ts';
import { BATCH, inputsOf, timeoutMs } from './plan.ts';

const line = (choices: Choices): string => JSON.stringify(json(choices));

const INSTANTS = [0, 1, 1_795_255_200_000, 8_640_000_000_000_000] as const;

const head = (choices: Choices): Head => ({
  pid: buildPid('default', 'fulfil', choices.one(['o-1', 'a.b:c_d-e', 'ada+1@example.com,x=~!', 'x'.repeat(200)])) ?? '',
  version: choices.between(1, 2 ** 31),
  writer: 'w1',
  run: 'r5f2c',
  status: choices.one(['running', 'completed', 'stuck', 'failed'] as const),
  definition: 'fulfil@1',
  clock: choices.one(INSTANTS),
  control: choices.chance(0.9) ? line(choices) : '',
  tail: Array.from({ length: choices.below(5) }, () => line(choices)),
  tailFrom: choices.below(50_000),
  startedAt: choices.one(INSTANTS.slice(0, 3)),
  ...(choices.chance(0.5) && { due: choices.one(INSTANTS) }),
  ...(choices.chance(0.3) && { closedAt: choices.one(INSTANTS) }),
  ...(choices.chance(0.3) && { hotUntil: choices.one(INSTANTS) }),
  ...(choices.chance(0.3) && { why: wellFormedText(choices) }),
  ...(choices.chance(0.5) && {
    tags: Object.fromEntries([
      [wellFormedText(choices), wellFormedText(choices)],
      ['__proto__', 'x'],
    ]),
  }),
  ...(choices.chance(0.3) && { early: Array.from({ length: choices.below(3) }, () => wellFormedText(choices)) }),
});

const headItem = (choices: Choices): void => {
  const whole = head(choices);
  expect(decodeHeadItem(encodeHeadItem(whole))).toEqual(whole);
};

/** The log stores each head as its difference from the previous head. */
const loggedHead = (choices: Choices): void => {
  const first = head(choices);
  const more = Array.from({ length: choices.below(3) }, () => line(choices));
  const next: Head = choices.chance(0.5) ? { ...first, version: first.version + 1, tail: [...first.tail, ...more] } : head(choices);
  const writer = new FieldWriter({ share: true });
  headCodec.encode(writer, first, undefined);
  headCodec.encode(writer, next, first);
  const reader = new FieldReader({ share: true });
  reader.open(writer.text);
  expect(headCodec.decode(reader, undefined)).toEqual(first);
  expect(headCodec.decode(reader, first)).toEqual(next);
  expect(reader.ended).toBe(true);
};

const chunkItem = (choices: Choices): void => {
  const chunk = {
    pid: 'default#fulfil#o-1',
    run: 'r5f2c',
    from: choices.below(50_000),
    entries: Array.from({ length: choices.between(1, 6) }, () => line(choices)),
  };
  expect(decodeChunk(encodeChunk(chunk), chunk.run)).toEqual(chunk);
};

const recordItem = (choices: Choices): void => {
  const record: Omit<CommandRecord, 'revision'> = {
    state: choices.one(['RUN', 'DONE', 'FAILED', 'TOMB', 'DEFERRED', 'REVOKED'] as const),
    hash: wellFormedText(choices),
    ...(choices.chance(0.5) && { token: wellFormedText(choices) }),
    ...(choices.chance(0.5) && { leaseUntil: choices.one(INSTANTS) }),
    ...(choices.chance(0.5) && { reply: wellFormedText(choices) }),
    ...(choices.chance(0.5) && { command: wellFormedText(choices) }),
    ...(choices.chance(0.5) && { early: wellFormedText(choices) }),
    ...(choices.chance(0.5) && { once: true as const }),
    ...(choices.chance(0.5) && { beatAt: choices.one(INSTANTS) }),
  };
  const expected = choices.chance(0.5) ? 'absent' : choices.below(100);
  const { ExpressionAttributeValues } = recordUpdate({ table: 't', commandId: 'c', record, expected, write: 'w', now: 1 });
  const item = Object.fromEntries(Object.entries(ExpressionAttributeValues ?? {}).map(([name, value]) => [name.slice(1), value]));
  expect(decodeRecord(item)).toEqual({ ...record, revision: expected === 'absent' ? 1 : expected + 1 });
};

/** Items of users' own tables, as they are read back. */
const ownItem = (choices: Choices): void => {
  const value = plainJson(choices, 5);
  expect(valueOf({ M: itemOf({ value }, 'item') })).toEqual({ value });
};

const valueOf = (attribute: AttributeValue): unknown => {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map(valueOf);
  if (attribute.M !== undefined) return Object.fromEntries(Object.entries(attribute.M).map(([name, member]) => [name, valueOf(member)]));
  return null;
};

const packed = (choices: Choices): void => {
  const text = wellFormedText(choices).repeat(choices.one([1, 10, 1_000]));
  expect(unpackText(packText(text))).toBe(text);
};

/** A bucket in memory: a value is found by its own reference, and by no other. */
const largeValue = async (choices: Choices): Promise<void> => {
  const objects = new Map<string, string>();
  const client = {
    send: async ({ input }: { readonly input: { readonly Bucket: string; readonly Key: string; readonly Body?: string } }) => {
      expect(Buffer.byteLength(input.Key), 'S3 takes keys of at most 1,024 bytes').toBeLessThanOrEqual(1_024);
      const key = `${input.Bucket}/${input.Key}`;
      if (input.Body !== undefined) return objects.set(key, input.Body);
      const found = objects.get(key);
      if (found === undefined) throw Object.assign(new Error('gone'), { name: 'NoSuchKey' });
      return { Body: { transformToString: async () => found } };
    },
  } as unknown as S3Client;
  const store = new S3PayloadStore({ client, bucket: 'bucket', owner: '111111111111', writer: choices.one(['orchestrator', 'payments']) });
  const pid =
    buildPid(choices.one(['default', 'x'.repeat(40)]), 'fulfil', choices.one(['o-1', 'a.b:c_d-e', ':'.repeat(200), '..', '.'])) ??
    'default#fulfil#o-1';
  const hash = choices.one(['0', 'a', 'f']).repeat(64);
  const value = line(choices);
  await store.put(pid, hash, value);
  expect(await store.get(pid, hash)).toBe(value);
  expect(await store.fetch(store.reference(pid, hash))).toBe(value);
  expect(await store.fetch(store.reference(pid, hash).replace('bucket', 'another'))).toBeUndefined();
  expect(await store.fetch(wellFormedText(choices))).toBeUndefined();
};

const group = (choices: Choices): void => {
  const name = wellFormedText(choices).repeat(choices.one([1, 20]));
  expect(groupId(name)).toMatch(/^[\u0021-\u007e]{1,128}$/);
  expect(groupId(name)).not.toBe(groupId(`${name}x`));
};

const CODECS = [headItem, loggedHead, chunkItem, recordItem, ownItem, packed, largeValue, group] as const;

test(
  `the items: each of ${inputsOf('items')} of the table, the log and the bucket is equal after it was written and read`,
  async () => {
    const feed = async (choices: Choices): Promise<number> => {
      for (let values = 0; values < BATCH; values += 1) await choices.one(CODECS)(choices);
      return BATCH;
    };
    await expect(fuzz('items', feed)).resolves.toBeUndefined();
  },
  timeoutMs('items'),
);
