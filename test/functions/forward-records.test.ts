import type { MSKEvent, MSKRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { makeHandler, type ForwardedEvent } from '../../functions/forward-records/handler.ts';
import type { LogLine } from '../../functions/log-line.ts';
import { Catalogue } from '../../lib/contract/catalogue.ts';
import { event } from '../../lib/contract/event.ts';
import { system, systemContract } from '../../lib/contract/system.ts';
import { admit } from '../../lib/engine/admit/admit.ts';
import type { Admission } from '../../lib/engine/admit/admission.ts';
import type { OutgoingEvent } from '../../lib/ports/event-publisher.ts';
import { process } from '../../lib/process/process.ts';

const AT = Date.UTC(2027, 0, 4);
const NOW = Date.UTC(2027, 0, 5);

const Viewed = event('shop.viewed', z.object({ visitor: z.string(), page: z.string() }));
const visit = process('visit', { startOn: Viewed.byId((view) => view.visitor) }, async () => {});
const catalogue = new Catalogue(systemContract(system('shop', { processes: [visit], services: [] })));

const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64');
const record = (value: string | Uint8Array | null, more: Partial<MSKRecord> = {}): MSKRecord => ({
  topic: 'clicks',
  partition: 3,
  offset: 41,
  timestamp: AT,
  timestampType: 'CREATE_TIME',
  key: base64('k'),
  value: value === null ? (null as never) : base64(value),
  headers: [],
  ...more,
});
const batchOf = (...records: readonly MSKRecord[]): MSKEvent => ({
  eventSource: 'aws:kafka',
  eventSourceArn: 'arn:aws:kafka:eu-west-1:111111111111:cluster/c/u',
  bootstrapServers: 'b:9092',
  records: { 'clicks-3': [...records] },
});

interface Forwarded {
  readonly published: OutgoingEvent[];
  readonly stored: Map<string, string>;
  readonly lines: LogLine[];
  readonly handler: ReturnType<typeof makeHandler>;
}

/** A handler over a bus that refuses the calls of these numbers. */
const forwarding = (own: Partial<ForwardedEvent> = {}, refusing: readonly number[] = []): Forwarded => {
  const published: OutgoingEvent[] = [];
  const stored = new Map<string, string>();
  const lines: LogLine[] = [];
  let calls = 0;
  const handler = makeHandler(() => ({
    publisher: {
      publish: async (events) => {
        calls += 1;
        if (refusing.includes(calls)) return events.map(() => ({ status: 'failed', reason: 'ThrottlingException' }));
        published.push(...events);
        return events.map(() => ({ status: 'published', eventId: 'e' }));
      },
    },
    storeLarge: async (folder, hash, json) => {
      stored.set(`${folder}/${hash}`, json);
      return `s3://bucket/_clients/${folder}/${hash}`;
    },
    event: { owner: 'shop', type: 'shop.viewed', dedupes: false, ...own },
    log: (line) => void lines.push(line),
    now: () => NOW,
  }));
  return { published, stored, lines, handler };
};

/** The decision of the engine on an event as EventBridge delivers it. */
const admitted = async ({ source, type, detail }: OutgoingEvent): Promise<Admission> => {
  const body = { id: 'eb', source, 'detail-type': type, account: '1', time: '2027-01-04T00:00:00Z', detail: JSON.parse(detail) as unknown };
  return admit({ catalogue, options: {} }, { id: 'm', body: '', sentAt: AT, receives: 1 } as never, body, NOW);
};

describe('forward-records', () => {
  test('a record becomes an event with its value as data, and the engine starts the process on it', async () => {
    const { published, handler } = forwarding();
    await handler(batchOf(record('{"visitor":"v-1","page":"é"}')));
    expect(published).toHaveLength(1);
    const [{ source, type, detail } = { source: '', type: '', detail: '' }] = published;
    expect([source, type]).toEqual(['shop', 'shop.viewed']);
    expect(detail).not.toContain('é');
    expect(JSON.parse(detail)).toEqual({
      specversion: '1.0',
      id: `clicks/3/41/${AT}`,
      source: 'shop',
      type: 'shop.viewed',
      time: '2027-01-04T00:00:00.000Z',
      datacontenttype: 'application/json',
      hops: 0,
      data: { visitor: 'v-1', page: 'é' },
    });
    expect(await admitted(published[0] as OutgoingEvent)).toMatchObject({ status: 'deliver', targets: [{ pid: 'default#visit#v-1' }] });
  });

  test('a batch that is delivered again makes the same events', async () => {
    const { published, handler } = forwarding();
    const batch = batchOf(record('{"visitor":"v-1","page":"a"}'), record('{"visitor":"v-1","page":"b"}', { offset: 42 }));
    await handler(batch);
    await handler(batch);
    expect(published.slice(2)).toEqual(published.slice(0, 2));
    expect(new Set(published.map(({ detail }) => (JSON.parse(detail) as { readonly id: string }).id)).size).toBe(2);
  });

  test.each([
    ['no JSON', 'visitor=v-1'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x7b)],
    ['of another shape', '{"visitor":7}'],
    ['an empty text', ''],
    ['a key that reaches a prototype', '{"__proto__":{"a":1},"visitor":"v-1","page":"a"}'],
    ['half a surrogate pair', '{"visitor":"v-1","page":"\\ud800"}'],
    ['65 levels deep', '['.repeat(65) + ']'.repeat(65)],
  ])('a value that is %s is published, and the engine parks it as DATA_INVALID', async (_, value) => {
    const { published, handler } = forwarding();
    await handler(batchOf(record(value)));
    expect(await admitted(published[0] as OutgoingEvent)).toMatchObject({ status: 'park', reason: 'DATA_INVALID' });
  });

  test.each([-1, 1.7e18, 1.7e15])('a record at the instant %d, which no envelope can have, gets the present time', async (timestamp) => {
    const { published, handler } = forwarding();
    await handler(batchOf(record('{"visitor":"v-1","page":"a"}', { timestamp })));
    expect(JSON.parse((published[0] as OutgoingEvent).detail)).toMatchObject({ time: '2027-01-05T00:00:00.000Z' });
    expect(await admitted(published[0] as OutgoingEvent)).toMatchObject({ status: 'deliver' });
  });

  test('a record without a value is no event: it is counted in the log', async () => {
    const { published, lines, handler } = forwarding();
    await handler(batchOf(record(null), record('{"visitor":"v-1","page":"a"}'), record(null)));
    expect(published).toHaveLength(1);
    expect(lines).toEqual([{ event: 'ignored', reason: 'NO_VALUE', type: 'shop.viewed', count: 2 }]);
  });

  test('a value that is too large for the bus goes to the bucket', async () => {
    const { published, stored, handler } = forwarding();
    await handler(batchOf(record(JSON.stringify({ visitor: 'v-1', page: 'x'.repeat(300_000) }))));
    const { dataref, datahash } = JSON.parse((published[0] as OutgoingEvent).detail) as {
      readonly dataref: string;
      readonly datahash: string;
    };
    expect([...stored.keys()]).toEqual([`shop.viewed/${datahash.replace('sha256:', '')}`]);
    expect(dataref).toContain('s3://bucket/_clients/shop.viewed/');
  });

  test('records of more than ten are published in order, ten in a call', async () => {
    const { published, handler } = forwarding();
    await handler(batchOf(...Array.from({ length: 23 }, (_, offset) => record(`{"visitor":"v-1","page":"${offset}"}`, { offset }))));
    expect(published.map(({ detail }) => (JSON.parse(detail) as { readonly data: { readonly page: string } }).data.page)).toEqual(
      Array.from({ length: 23 }, (_, offset) => String(offset)),
    );
  });

  test('if the bus refuses events, the call fails, so Lambda delivers the batch again', async () => {
    const { handler } = forwarding({}, [2]);
    const batch = batchOf(...Array.from({ length: 12 }, (_, offset) => record('{}', { offset })));
    await expect(handler(batch)).rejects.toThrow('The bus did not accept 2 of 2 events: ThrottlingException');
    await expect(handler(batch)).resolves.toBeUndefined();
  });

  test('an event with dedupeBy is published without an envelope, so the engine takes the id from its data', async () => {
    const { published, handler } = forwarding({ dedupes: true });
    await handler(
      batchOf(record('{"visitor":"v-1","page":"ü"}'), record('"text"', { offset: 42 }), record('{"specversion":"1.0"}', { offset: 43 })),
    );
    expect(published.map(({ detail }) => detail)).toEqual([
      '{"visitor":"v-1","page":"\\u00fc"}',
      expect.stringContaining(`"id":"clicks/3/42/${AT}"`) as unknown,
      expect.stringContaining(`"id":"clicks/3/43/${AT}"`) as unknown,
    ]);
  });
});
