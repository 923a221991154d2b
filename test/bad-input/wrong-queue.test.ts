import { describe, expect, test } from 'vitest';
import {
  inboxBody,
  type BulkMessage,
  type CommandMessage,
  type OperationMessage,
  type ReplyMessage,
  type ScheduleMessage,
  type StartMessage,
} from '../../lib/format/inbox-message.ts';
import type { Channel } from '../../lib/ports/message-queue.ts';
import { busText, charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';
const ALICE = 'arn:aws:sts::111111111111:assumed-role/ciso/alice';
const SENDER = 'AROAEXAMPLE:mallory';

const terminate: OperationMessage = { tutti: 'operate', opid: 'op-1', pid: PID, act: 'terminate', reason: 'audit', by: ALICE };
const start: StartMessage = {
  tutti: 'start',
  startid: 's-1',
  tenant: 'default',
  process: 'repaying',
  id: 'o-1',
  data: { orderId: 'o-1' },
  time: '2026-11-21T10:00:00.000Z',
  by: ALICE,
};
const command: CommandMessage = {
  tutti: 'command',
  commandid: `${PID}/r1/1`,
  owner: 'default#fulfil#o-2',
  command: 'tutti.other',
  depth: 0,
  data: null,
  datahash: `sha256:${'0'.repeat(64)}`,
  time: '2026-11-21T10:00:00.000Z',
  hops: 0,
};
const answer: ReplyMessage = {
  tutti: 'reply',
  commandid: `${PID}/r1/1`,
  commandhash: '0'.repeat(16),
  owner: 'default#fulfil#o-2',
  outcome: 'completed',
  data: null,
  hops: 0,
};
const SPEC = {
  process: 'fulfil',
  cron: '0 2 * * *',
  zone: 'UTC',
  overlap: 'skip',
  catchUp: 'latest',
  withinMs: 0,
  jitterMs: 0,
  gap: 'after',
  fold: 'first',
} as const;
const pausing: ScheduleMessage = {
  tutti: 'schedule',
  opid: 'op-1',
  tenant: 'default',
  name: 'nightly',
  act: 'pause',
  reason: 'audit',
  by: ALICE,
  time: '2026-11-21T10:00:00.000Z',
};
const bulk: BulkMessage = {
  tutti: 'bulk',
  opid: 'op-1',
  tenant: 'default',
  id: 'job-1',
  job: { act: 'cancel', where: 'o-1', targets: [['fulfil', ['o-1']]], rate: 5 },
  reason: 'audit',
  by: ALICE,
  time: '2026-11-21T10:00:00.000Z',
};
const tick = { tutti: 'tick', pid: PID, run: 'r1', tickAt: 1 } as const;
const wrapped = (message: OperationMessage | StartMessage, channel?: Channel): string =>
  inboxBody({ tutti: 'forced', body: inboxBody(message), sentat: 0, ...(channel && { channel }) });

const reply = { specversion: '1.0', commandid: `${PID}/r1/0`, outcome: 'completed' };

describe('a queue of a deployment accepts only the messages that its senders may send, and parks all others', () => {
  const kinds: readonly (readonly [string, string, Channel])[] = [
    ['a start', inboxBody(start), 'starts'],
    ['an operation', inboxBody(terminate), 'operations'],
    ['an act on a schedule', inboxBody(pausing), 'operations'],
    ['a bulk job', inboxBody(bulk), 'operations'],
    ['the listing of schedules', inboxBody({ tutti: 'schedules', time: pausing.time }), 'inbox'],
    ['a tick', inboxBody(tick), 'inbox'],
    ['an engine command', inboxBody(command), 'inbox'],
    ['the reply to an engine command', inboxBody(answer), 'inbox'],
    ['a wrapper', wrapped(terminate, 'operations'), 'inbox'],
    ['a bus event', busText('payments.charge.completed', reply), 'inbox'],
  ];
  const misplaced = kinds.flatMap(([what, body, own]) =>
    (['inbox', 'starts', 'operations'] as const).filter((channel) => channel !== own).map((channel) => [what, channel, body] as const),
  );

  test.each(misplaced)('%s at %s is FORBIDDEN', async (_what, channel, body) => {
    const { rig } = await charging({ deployed: true });
    const before = await rig.head(PID);
    rig.put(body, { channel, senderId: SENDER });
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN', body, ...(channel !== 'inbox' && { channel, senderId: SENDER }) }]);
  });

  test.each(['inbox', 'starts', 'operations'] as const)('a message without a form is MALFORMED at %s', async (channel) => {
    const rig = new InboxRig({ deployed: true });
    for (const body of ['"x"', '{"tutti":"surprise"}']) rig.put(body, { channel });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }, { reason: 'MALFORMED' }]);
  });

  test.each([
    ['source and account', (event: object) => ({ ...event, source: undefined, account: undefined })],
    ['source', (event: object) => ({ ...event, source: undefined })],
    ['account', (event: object) => ({ ...event, account: undefined })],
  ])('a reply without %s did not come from the bus, and is FORBIDDEN', async (_what, without) => {
    const { rig, charge } = await charging({ deployed: true });
    const detail = { ...reply, commandid: charge.id, commandhash: charge.datahash, source: 'payments' };
    rig.put(JSON.stringify(without(JSON.parse(busText('payments.charge.completed', detail)) as object)));
    await rig.work();
    expect(await rig.story(PID)).not.toContain('CommandAnswered');
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });
});

describe('the principal of an operation', () => {
  test('an operation is journaled with the sender that SQS reports and the principal that the message names', async () => {
    const { rig } = await charging({ deployed: true });
    rig.put(inboxBody(terminate), { channel: 'operations', senderId: SENDER });
    await rig.work();
    expect(await rig.journal(PID)).toContainEqual(expect.objectContaining({ type: 'TerminateRequested', by: ALICE, sender: SENDER }));
  });

  test('a wrapper of the functions keeps the sender of its operation', async () => {
    const { rig } = await charging({ deployed: true });
    rig.put(inboxBody({ tutti: 'forced', body: inboxBody(terminate), sentat: 0, channel: 'operations', sender: SENDER }));
    await rig.work();
    expect(await rig.journal(PID)).toContainEqual(expect.objectContaining({ type: 'TerminateRequested', sender: SENDER }));
  });

  test('without separate queues the principal is the one that the operation names', async () => {
    const { rig } = await charging();
    rig.put(inboxBody(terminate));
    await rig.work();
    expect((await rig.journal(PID)).find(({ type }) => type === 'TerminateRequested')).not.toHaveProperty('sender');
  });
});

describe('a dead letter', () => {
  const drained = async (rig: InboxRig, body: string, channel: Channel): Promise<void> => {
    const letter = { messageId: 'm9', receiptHandle: 'm9.1', sentAt: 5, receiveCount: 1, body, channel, senderId: SENDER };
    await rig.engine.drainDeadLetters([letter]);
    await rig.pass(30_000);
  };

  test('a dead letter of the operations queue is applied as an operation of its sender', async () => {
    const { rig } = await charging({ deployed: true });
    await drained(rig, inboxBody(terminate), 'operations');
    expect(await rig.journal(PID)).toContainEqual(expect.objectContaining({ type: 'TerminateRequested', sender: SENDER }));
  });

  test('a dead letter of the starts queue is applied as a start', async () => {
    const rig = new InboxRig({ deployed: true });
    await drained(rig, inboxBody(start), 'starts');
    expect(await rig.head('default#repaying#o-1')).toMatchObject({ status: 'running' });
  });

  test.each([
    ['an operation', inboxBody(terminate)],
    ['a wrapper that a client has written', wrapped(terminate, 'operations')],
    ['a forwarded wrapper that a client has written', wrapped(terminate).replace('"forced"', '"forced","lane":true')],
  ])('a dead letter of the starts queue has no more rights than before: %s', async (_what, body) => {
    const { rig } = await charging({ deployed: true });
    await drained(rig, body, 'starts');
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN', body, channel: 'starts', senderId: SENDER }]);
  });
});

describe('an act on a schedule is MALFORMED', () => {
  test.each<[string, object]>([
    ['of an unknown kind', { act: 'stop' }],
    ['without a reason', { reason: undefined }],
    ['without a principal', { by: '' }],
    ['without a tenant', { tenant: 7 }],
    ['with a name that is no id', { name: 'a b' }],
    ['at no instant', { time: 'now' }],
    ['with an unknown overlap', { act: 'trigger', overlap: 'queue' }],
    ['that defines no times', { act: 'define' }],
    ['that defines times without a process', { act: 'define', spec: { ...SPEC, process: undefined } }],
    ['that defines times that are too late before they come', { act: 'define', spec: { ...SPEC, withinMs: -1 } }],
    ['that defines a zone without a name', { act: 'define', spec: { ...SPEC, zone: '+01:00' } }],
    ['that defines a cron expression of four fields', { act: 'define', spec: { ...SPEC, cron: '0 2 * *' } }],
    ['that defines an unknown policy', { act: 'define', spec: { ...SPEC, catchUp: 'first' } }],
    ['that defines no object', { act: 'define', spec: null }],
    ['without the end of its range', { act: 'backfill', from: 5 }],
    ['with a range that ends before it begins', { act: 'backfill', from: 5, to: 4 }],
  ])('%s', async (_what, wrong) => {
    const rig = new InboxRig({ deployed: true });
    rig.put(JSON.stringify({ ...pausing, ...wrong }), { channel: 'operations' });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });

  test.each([{ cron: '0 25 * * *' }, { zone: 'Mars/Base' }])('no more, but stuck, with times that no calendar knows: %j', async (wrong) => {
    const rig = new InboxRig({ deployed: true });
    rig.put(JSON.stringify({ ...pausing, act: 'define', spec: { ...SPEC, ...wrong } }), { channel: 'operations' });
    await rig.work();
    await rig.pass(60_000);
    expect(await rig.head('default#tutti--schedule#nightly')).toMatchObject({ status: 'stuck' });
  });

  test('no more, once it is well-formed: it waits for its schedule, or begins it', async () => {
    const rig = new InboxRig({ deployed: true });
    for (const each of [pausing, { ...pausing, opid: 'op-2', name: 'hourly', act: 'define', spec: { ...SPEC, cron: '5 * * * *' } }])
      rig.put(JSON.stringify(each), { channel: 'operations', senderId: SENDER });
    await rig.work();
    expect(await rig.parked()).toEqual([]);
    expect((await rig.head('default#tutti--schedule#nightly'))?.status).toBe('early');
    const hourly = await rig.head('default#tutti--schedule#hourly');
    expect(hourly?.status).toBe('running');
    expect(JSON.stringify(hourly?.tail)).toContain(SENDER);
  });
});
