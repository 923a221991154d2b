import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { thrownText } from '../../lib/contract/wire/thrown-text.ts';
import { busText, charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';

/** The bus authenticates the publisher; the envelope does not. */
const publishedBy = (source: string, { id, datahash, attempt }: CommandEnvelope, over: object = {}): string => {
  const detail = {
    specversion: '1.0',
    id: `${id}:completed`,
    source: 'payments',
    type: 'payments.charge.completed',
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    dataversion: 2,
    hops: 0,
    commandid: id,
    commandhash: datahash,
    attempt,
    outcome: 'completed',
    replyto: 'shop',
    data: { paymentId: 'p-1' },
    ...over,
  };
  return JSON.stringify({ ...(JSON.parse(busText('payments.charge.completed', detail)) as object), source });
};

describe('a reply in the name of a service', () => {
  test('a reply that another source has published is parked as FORBIDDEN', async () => {
    const { rig, charge } = await charging();
    const before = await rig.head(PID);
    rig.put(publishedBy('mallory', charge));
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
    rig.put(publishedBy('payments', charge));
    await rig.work();
    expect(await rig.story(PID)).toContain('CommandAnswered');
  });

  test('a reply that was published under another type is parked as FORBIDDEN, even if its sender may publish that type', async () => {
    const { rig, charge } = await charging();
    rig.put(
      publishedBy('payments', charge).replace('"detail-type":"payments.charge.completed"', '"detail-type":"payments.ping.completed"'),
    );
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('a reply of an unknown sender to a command that was not sent does not make the instance stuck', async () => {
    const { rig, charge } = await charging();
    rig.put(publishedBy('mallory', charge, { source: 'mallory', commandid: charge.id.replace(/\d+$/, '9999') }));
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });
});

test('a reply of a service without commands of the instance, to a command that was not sent, does not make it stuck', async () => {
  const { rig, charge } = await charging();
  const commandid = charge.id.replace(/\d+$/, '77');
  const detail = { source: 'stock', type: 'stock.take.completed', commandid, id: `${commandid}:completed` };
  rig.put(busText('stock.take.completed', (JSON.parse(publishedBy('stock', charge, detail)) as { readonly detail: object }).detail));
  await rig.work();
  expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  const own = { commandid, id: `${commandid}:completed` };
  rig.put(publishedBy('payments', charge, own));
  await rig.work();
  expect(JSON.parse((await rig.head(PID))!.why!)).toMatchObject({ code: 'FORK' });
});

describe('an event that names an instance of another tenant', () => {
  const sent = async (over: object): Promise<InboxRig> => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1' }, { tenant: 'victim' });
    await rig.work();
    rig.event('shop.confirmed', { orderId: 'o-1', by: 'mallory' }, { id: 'c1', ...over });
    await rig.work();
    return rig;
  };

  test.each([
    ['an event of another tenant', { tenant: 'mine' }],
    ['an event without a tenant', {}],
    ['an event of another tenant with invalid data', { tenant: 'mine', data: 7 }],
  ])('%s does not reach the instance, and is parked without one', async (_, over) => {
    const rig = await sent({ ...over, processid: 'victim#fulfil#o-1' });
    expect(await rig.story('victim#fulfil#o-1')).not.toContain('EventReceived');
    expect(await rig.parked('victim#fulfil#o-1')).toEqual([]);
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('an event reaches an instance of its own tenant', async () => {
    const rig = await sent({ tenant: 'victim', processid: 'victim#fulfil#o-1' });
    expect(await rig.story('victim#fulfil#o-1')).toContain('EventReceived');
  });
});

describe('an invalid message of Tutti itself is parked', () => {
  const start = {
    tutti: 'start',
    startid: 's-1',
    tenant: 'default',
    process: 'fulfil',
    id: 'o-1',
    data: { orderId: 'o-1' },
    time: '2026-11-21T10:00:00.000Z',
    by: 'x',
  };
  const operate = { tutti: 'operate', opid: 'op-1', pid: PID, act: 'resume', reason: '', by: 'x' };
  test.each([
    [
      'a tick with an invalid pid, which would fail the read of its whole batch, is parked',
      { tutti: 'tick', pid: 'x'.repeat(3_000), run: 'r1', tickAt: 1 },
    ],
    ['an operation with an invalid pid is parked', { ...operate, pid: '\ud800' }],
    ['an operation with an invalid id is parked', { ...operate, opid: 'x'.repeat(301) }],
    ['a resume with an invalid version is parked', { ...operate, version: '1' }],
    ['a start with an invalid id is parked', { ...start, startid: 'a b' }],
    ['a start with an invalid time is parked', { ...start, time: '1' }],
    ['a start with tags in an array is parked', { ...start, tags: ['x'] }],
    ['a start with a trace that is not text, which every command would carry, is parked', { ...start, traceparent: {} }],
    ['a wrapper with a negative time is parked', { tutti: 'forced', body: JSON.stringify(start), sentat: -1 }],
  ])('%s', async (_, message) => {
    const rig = new InboxRig();
    rig.put(JSON.stringify(message));
    expect(await rig.work()).toBe(0);
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED', body: JSON.stringify(message) }]);
    expect(await rig.head(PID)).toBeUndefined();
  });
});

describe('data in the payload store', () => {
  test.each([
    ['is not JSON', 'no json'],
    ['has no canonical form', '"\\ud800"'],
    ['nests without end', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('an event whose stored data %s is parked at once, because no later try could read it', async (_, json) => {
    const rig = new InboxRig();
    const hash = sha256(json);
    await rig.state.payloadStore.put(PID, hash, json);
    rig.event('shop.placed', undefined, { dataref: rig.state.payloadStore.reference(PID, hash), datahash: `sha256:${hash}` });
    expect(await rig.work()).toBe(0);
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

test('a broken wrapper is parked at once, even if the data of its message is missing', async () => {
  const rig = new InboxRig();
  const dataref = `payload:${'0'.repeat(64)}`;
  const body = busText('shop.placed', { dataref, datahash: `sha256:${'0'.repeat(64)}` });
  rig.put(JSON.stringify({ tutti: 'forced', body, sentat: null }));
  expect(await rig.work()).toBe(0);
  expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
});

describe('a value that user code throws', () => {
  test.each([
    [Object.create(null), 'a value of type object without a text'],
    [new Error('cut \ud83d'), 'cut \ufffd'],
    [Symbol('s'), 'Symbol(s)'],
    [undefined, 'undefined'],
  ])('a value that user code throws has a text that can be sent: %#', (thrown, text) => {
    expect(thrownText(thrown)).toBe(text);
  });
});
