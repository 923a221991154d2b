import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { forwardedBody } from '../../lib/format/inbox-message.ts';
import { charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';

const answers = async (rig: InboxRig, pid = PID): Promise<number> =>
  (await rig.story(pid)).filter((type) => type === 'CommandAnswered').length;

describe('a forged reply is parked as FORBIDDEN, and the real one still counts', () => {
  const forgeries: readonly (readonly [string, Parameters<InboxRig['reply']>[1]])[] = [
    ['from another service', { source: 'mallory', type: 'mallory.charge.completed' }],
    ['to another command', { commandhash: `sha256:${'0'.repeat(64)}` }],
    ['for another system', { replyto: 'elsewhere' }],
  ];
  test.each(forgeries)('a forged reply %s is parked', async (_, over) => {
    const { rig, charge } = await charging();
    rig.reply(charge, over);
    await rig.work();
    expect(await answers(rig)).toBe(0);
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
    rig.reply(charge);
    await rig.work();
    expect(await answers(rig)).toBe(1);
    expect(rig.inbox.size).toBe(0);
  });

  test.each(forgeries.slice(0, 2))(
    'a forged reply %s is parked, even if it claims the success of an abandoned command',
    async (_, over) => {
      const { rig, charge } = await charging();
      rig.operate('terminate', PID);
      await rig.work();
      rig.reply(charge, over);
      await rig.work();
      expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
      expect(await rig.commands()).toEqual([]);
      rig.reply(charge);
      await rig.work();
      expect(await rig.commands()).toMatchObject([{ type: 'payments.refund', undoes: charge.id }]);
    },
  );

  test('a reply with an invalid command id is parked', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { commandid: 'default#fulfil#o-1/nothing' });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

describe('a duplicate reply is applied once', () => {
  test('a reply that comes again under another message id is applied once', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge);
    rig.reply(charge);
    await rig.work();
    rig.reply(charge);
    await rig.work();
    expect(await answers(rig)).toBe(1);
    expect(rig.inbox.size).toBe(0);
  });

  test('a reply that is redelivered while a worker holds it is applied once', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge);
    const [first] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 0 });
    const [again] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 0 });
    expect(again?.messageId).toBe(first?.messageId);
    const results = await Promise.all([rig.engine.advance([first as never]), rig.engine.advance([again as never])]);
    expect(results.map(({ acknowledge }) => acknowledge.length)).toEqual([1, 1]);
    expect(await answers(rig)).toBe(1);
  });
});

describe('a service that replies twice, with different content', () => {
  test('the first of two different replies counts', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { data: { paymentId: 'first' } });
    rig.reply(charge, { data: { paymentId: 'second' } });
    rig.reply(charge, { outcome: 'failed', id: `${charge.id}:failed`, data: { type: 'Declined', message: 'no', data: {} } });
    await rig.work();
    rig.event('shop.confirmed', { orderId: 'o-1', by: 'x' });
    await rig.work();
    expect((await rig.journal(PID)).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: { paymentId: 'first' } });
    expect(rig.inbox.size).toBe(0);
  });
});

describe('a late reply', () => {
  test('a late failure changes nothing in an instance that has ended', async () => {
    const { rig, charge } = await charging();
    rig.operate('terminate', PID);
    await rig.work();
    const before = await rig.head(PID);
    rig.reply(charge, { outcome: 'failed', id: `${charge.id}:failed`, data: { type: 'Declined', message: 'no', data: {} } });
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(rig.inbox.size).toBe(0);
  });

  test('a late success of an instance that has ended is undone once', async () => {
    const { rig, charge } = await charging();
    rig.operate('terminate', PID);
    await rig.work();
    for (let copies = 0; copies < 2; copies += 1) rig.reply(charge);
    await rig.work();
    rig.reply(charge);
    await rig.work();
    const refunds = await rig.commands();
    expect(new Set(refunds.map(({ id }) => id)).size).toBe(1);
    expect(refunds[0]).toMatchObject({ type: 'payments.refund', data: { paymentId: 'p-1' }, undoes: charge.id });
  });
});

describe('a reply to another run', () => {
  test('a reply to another run changes nothing in the current run', async () => {
    const rig = new InboxRig();
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'first' });
    await rig.work();
    const [first] = await rig.commands();
    rig.reply(first as CommandEnvelope);
    await rig.work();
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'second' });
    await rig.work();
    const [second] = await rig.commands();
    expect(second?.id).not.toBe(first?.id);
    rig.reply(first as CommandEnvelope);
    await rig.work();
    expect(await rig.head('default#p-restarting#o-1')).toMatchObject({ status: 'running' });
    rig.reply(second as CommandEnvelope);
    await rig.work();
    expect(await rig.head('default#p-restarting#o-1')).toMatchObject({ status: 'completed' });
  });

  test('a reply to an instance that never existed is dropped and creates none', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: charge.id.replace('o-1', 'o-2') });
    await rig.work();
    expect(await rig.head('default#fulfil#o-2')).toBeUndefined();
    expect(rig.inbox.size).toBe(0);
  });
});

describe('a reply to a command that the head has not sent yet', () => {
  test('such a reply is parked and makes the instance stuck, because the table was restored or failed over', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: charge.id.replace(/\/1$/, '/9') });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('FORK') as string });
    expect(await rig.parked(PID)).toHaveLength(1);
  });
});

describe('a reply that breaks its contract', () => {
  test('an invalid reply makes the instance stuck after three deliveries; the reply is kept, and resume applies it again', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { data: { paymentId: 17 } });
    await rig.pass(60_000);
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('REPLY_INVALID') as string });
    expect(await rig.parked(PID)).toHaveLength(1);
    expect(await answers(rig)).toBe(0);
  });
});

describe('the version of a reply', () => {
  test('a reply of an older service is upcast to the newest version', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { dataversion: 1, data: { id: 'p-old' } });
    await rig.work();
    expect((await rig.journal(PID)).find(({ type }) => type === 'CommandAnswered')).toMatchObject({ data: { paymentId: 'p-old' } });
  });

  test('a reply of a newer service waits for a deploy, and is parked after 15 minutes', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { dataversion: 3, data: { receipt: 'p-new' } });
    expect(await rig.work()).toBe(1);
    expect(await rig.parked(PID)).toEqual([]);
    await rig.pass(16 * 60_000);
    expect(await answers(rig)).toBe(0);
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'NEWER' }]);
  });
});

describe('a reply that is an event', () => {
  const answer = { source: 'payments', type: 'payments.refunded', dataversion: 1, data: { orderId: 'o-9' } } as const;

  test('an output event reaches the sender of its command and each subscriber once, at any number of deliveries', async () => {
    const rig = new InboxRig();
    rig.start('repaying', 'r-1', { orderId: 'o-9' });
    await rig.work();
    const [repay] = await rig.commands();
    rig.reply(repay as CommandEnvelope, answer);
    rig.reply(repay as CommandEnvelope, answer);
    await rig.work();
    expect(await rig.head('default#repaying#r-1')).toMatchObject({ status: 'completed' });
    expect(await rig.story('default#repaid#o-9')).toEqual(['ProcessStarted', 'TimerSet']);
    expect(await rig.parked()).toEqual([]);
  });

  test('an output event of a command of another system reaches its subscribers here', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: 'default#pay#p-1/r000000000000/1' }, { ...answer, replyto: 'elsewhere' });
    await rig.work();
    expect(await rig.story('default#repaid#o-9')).toEqual(['ProcessStarted', 'TimerSet']);
    expect(await rig.parked()).toEqual([]);
  });

  test('an output event has one more hop, so that commands and events that cause each other end', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: 'default#pay#p-1/r000000000000/1' }, { ...answer, replyto: 'elsewhere', hops: 100 });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'TOO_MANY_HOPS' }]);
  });

  test("an output event is delivered as a reply even if the correlation of a subscriber throws, and the subscriber's copy is parked", async () => {
    const asked = async (over: Parameters<InboxRig['reply']>[1]): Promise<InboxRig> => {
      const rig = new InboxRig();
      rig.start('repaying', 'r-1', { orderId: 'o-9' });
      await rig.work();
      const [repay] = await rig.commands();
      rig.reply(repay as CommandEnvelope, { ...answer, ...over });
      await rig.work();
      return rig;
    };
    for (const [reason, over] of [
      ['MALFORMED', { data: { orderId: 'no id' } }],
      ['MALFORMED', { data: { orderId: 'undone' } }],
      ['TOO_MANY_HOPS', { hops: 100 }],
    ] as const) {
      const rig = await asked(over);
      expect(await rig.head('default#repaying#r-1')).toMatchObject({ status: 'completed' });
      expect(await rig.parked()).toMatchObject([{ reason }]);
    }
  });

  test("the subscriber's copy is parked once when the reply goes through the hot lane", async () => {
    const rig = new InboxRig();
    rig.start('repaying', 'r-1', { orderId: 'o-9' });
    await rig.work();
    const [repay] = await rig.commands();
    rig.reply(repay as CommandEnvelope, { ...answer, hops: 100 });
    const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
    if (message === undefined) expect.fail('the answer did not come');
    await rig.engine.advance([message]);
    await rig.engine.advance([{ ...message, messageId: 'copy', body: forwardedBody(message) }], { lane: true });
    expect(await rig.parked()).toHaveLength(1);
  });
});
