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

describe('row 49: an answer in the name of a service', () => {
  test('is parked as forbidden where another source has published it', async () => {
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

  test('is parked as forbidden where it was published as another type, which its sender may publish', async () => {
    const { rig, charge } = await charging();
    rig.put(
      publishedBy('payments', charge).replace('"detail-type":"payments.charge.completed"', '"detail-type":"payments.ping.completed"'),
    );
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('does not stop an instance by answering what it has not asked, where it is none of its services', async () => {
    const { rig, charge } = await charging();
    rig.put(publishedBy('mallory', charge, { source: 'mallory', commandid: charge.id.replace(/\d+$/, '9999') }));
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });
});

test('an answer of a service that the instance has never asked, to what it has not asked, stops nothing', async () => {
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

describe('an event of one tenant', () => {
  const sent = async (over: object): Promise<InboxRig> => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1' }, { tenant: 'victim' });
    await rig.work();
    rig.event('shop.confirmed', { orderId: 'o-1', by: 'mallory' }, { id: 'c1', ...over });
    await rig.work();
    return rig;
  };

  test.each([
    ['of another tenant', { tenant: 'mine' }],
    ['of no tenant', {}],
    ['with wrong data', { tenant: 'mine', data: 7 }],
  ])('%s reaches no instance of another by its id, and is parked apart', async (_, over) => {
    const rig = await sent({ ...over, processid: 'victim#fulfil#o-1' });
    expect(await rig.story('victim#fulfil#o-1')).not.toContain('EventReceived');
    expect(await rig.parked('victim#fulfil#o-1')).toEqual([]);
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('reaches an instance of its own', async () => {
    const rig = await sent({ tenant: 'victim', processid: 'victim#fulfil#o-1' });
    expect(await rig.story('victim#fulfil#o-1')).toContain('EventReceived');
  });
});

describe('row 21: a message of Tutti itself whose form is wrong is parked', () => {
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
      'a tick for what is no pid, which would fail the read of its whole batch',
      { tutti: 'tick', pid: 'x'.repeat(3_000), run: 'r1', tickAt: 1 },
    ],
    ['an act on what is no pid', { ...operate, pid: '\ud800' }],
    ['an act whose id is no id', { ...operate, opid: 'x'.repeat(301) }],
    ['a resume with a version that is none', { ...operate, version: '1' }],
    ['a start whose id is no id', { ...start, startid: 'a b' }],
    ['a start at no instant', { ...start, time: '1' }],
    ['a start whose tags are an array', { ...start, tags: ['x'] }],
    ['a start whose trace is no text, which every command would carry', { ...start, traceparent: {} }],
    ['a wrapper of a message that came before all time', { tutti: 'forced', body: JSON.stringify(start), sentat: -1 }],
  ])('%s', async (_, message) => {
    const rig = new InboxRig();
    rig.put(JSON.stringify(message));
    expect(await rig.work()).toBe(0);
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED', body: JSON.stringify(message) }]);
    expect(await rig.head(PID)).toBeUndefined();
  });
});

describe('data that was stored apart', () => {
  test.each([
    ['is no JSON', 'no json'],
    ['has no canonical form', '"\\ud800"'],
    ['nests without end', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('and %s is parked at once, since no later try could read it', async (_, json) => {
    const rig = new InboxRig();
    const hash = sha256(json);
    await rig.state.payloadStore.put(PID, hash, json);
    rig.event('shop.placed', undefined, { dataref: rig.state.payloadStore.reference(PID, hash), datahash: `sha256:${hash}` });
    expect(await rig.work()).toBe(0);
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

test('a broken wrapper is parked at once, also where the data of what it holds is not there', async () => {
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
  ])('has a text that may travel: %#', (thrown, text) => {
    expect(thrownText(thrown)).toBe(text);
  });
});
