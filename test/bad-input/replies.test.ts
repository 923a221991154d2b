import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { forwardedBody } from '../../lib/format/inbox-message.ts';
import { charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';

const answers = async (rig: InboxRig, pid = PID): Promise<number> =>
  (await rig.story(pid)).filter((type) => type === 'CommandAnswered').length;

describe('row 49: a forged reply is parked as forbidden, and the real one still counts', () => {
  const forgeries: readonly (readonly [string, Parameters<InboxRig['reply']>[1]])[] = [
    ['from another service', { source: 'mallory', type: 'mallory.charge.completed' }],
    ['to another question', { commandhash: `sha256:${'0'.repeat(64)}` }],
    ['for another system', { replyto: 'elsewhere' }],
  ];
  test.each(forgeries)('%s', async (_, over) => {
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

  test.each(forgeries.slice(0, 2))('%s, also if it claims the success of a command that nothing awaits any more', async (_, over) => {
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
  });

  test('to a command that is no command id', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { commandid: 'default#fulfil#o-1/nothing' });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

describe('rows 8 and 9: a duplicate reply is applied once', () => {
  test('under another message id', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge);
    rig.reply(charge);
    await rig.work();
    rig.reply(charge);
    await rig.work();
    expect(await answers(rig)).toBe(1);
    expect(rig.inbox.size).toBe(0);
  });

  test('under the same message id, delivered again while it is held', async () => {
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

describe('row 58: a service that answers twice, with different content', () => {
  test('is believed the first time', async () => {
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

describe('row 27: a late reply', () => {
  test('of a failure to an instance that has ended changes nothing', async () => {
    const { rig, charge } = await charging();
    rig.operate('terminate', PID);
    await rig.work();
    const before = await rig.head(PID);
    rig.reply(charge, { outcome: 'failed', id: `${charge.id}:failed`, data: { type: 'Declined', message: 'no', data: {} } });
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(rig.inbox.size).toBe(0);
  });

  test('of a success to an instance that has ended is undone, once', async () => {
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
  test('changes nothing of the run that is there', async () => {
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

  test('to an instance that never was vanishes without a trace of one', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: charge.id.replace('o-1', 'o-2') });
    await rig.work();
    expect(await rig.head('default#fulfil#o-2')).toBeUndefined();
    expect(rig.inbox.size).toBe(0);
  });
});

describe('row 46: a reply to what the head has not asked yet', () => {
  test('is parked beside the instance, which is stuck: it was restored, or failed over', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: charge.id.replace(/\/1$/, '/9') });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('FORK') as string });
    expect(await rig.parked(PID)).toHaveLength(1);
  });
});

describe('an answer that breaks its contract', () => {
  test('makes the instance stuck after three deliveries; the answer is kept, and resume applies it again', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { data: { paymentId: 17 } });
    await rig.pass(60_000);
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('REPLY_INVALID') as string });
    expect(await rig.parked(PID)).toHaveLength(1);
    expect(await answers(rig)).toBe(0);
  });
});

describe('the version of an answer', () => {
  test('of an older service is brought up to the newest', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { dataversion: 1, data: { id: 'p-old' } });
    await rig.work();
    expect((await rig.journal(PID)).find(({ type }) => type === 'CommandAnswered')).toMatchObject({ data: { paymentId: 'p-old' } });
  });

  test('of a newer service waits for a deploy, and is parked when none comes within a quarter of an hour', async () => {
    const { rig, charge } = await charging();
    rig.reply(charge, { dataversion: 3, data: { receipt: 'p-new' } });
    expect(await rig.work()).toBe(1);
    expect(await rig.parked(PID)).toEqual([]);
    await rig.pass(16 * 60_000);
    expect(await answers(rig)).toBe(0);
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'NEWER' }]);
  });
});

describe('an answer that is an event', () => {
  const answer = { source: 'payments', type: 'payments.refunded', dataversion: 1, data: { orderId: 'o-9' } } as const;

  test('reaches its sender and its subscribers, each once however often it is delivered', async () => {
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

  test("of another system's command reaches its subscribers here", async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: 'default#pay#p-1/r000000000000/1' }, { ...answer, replyto: 'elsewhere' });
    await rig.work();
    expect(await rig.story('default#repaid#o-9')).toEqual(['ProcessStarted', 'TimerSet']);
    expect(await rig.parked()).toEqual([]);
  });

  test('is one event further from the first cause, so that answers which start each other end', async () => {
    const { rig, charge } = await charging();
    rig.reply({ ...charge, id: 'default#pay#p-1/r000000000000/1' }, { ...answer, replyto: 'elsewhere', hops: 100 });
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'TOO_MANY_HOPS' }]);
  });

  test('is delivered as a reply also if the correlation of its subscribers throws, which is parked', async () => {
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

  test('is parked once where its answer goes through the hot lane', async () => {
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
