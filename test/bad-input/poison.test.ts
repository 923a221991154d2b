import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { InboxRig } from './inbox-rig.ts';
import { code } from './orders-system.ts';

const PID = 'default#fragile#o-1';

/** An instance whose code throws when its payment is answered. */
const poisoned = async (): Promise<{ readonly rig: InboxRig; readonly charge: CommandEnvelope }> => {
  const rig = new InboxRig();
  rig.event('shop.fragile', { orderId: 'o-1' });
  await rig.work();
  const [charge] = await rig.commands();
  code.broken = true;
  rig.reply(charge as CommandEnvelope);
  return { rig, charge: charge as CommandEnvelope };
};

describe('a process that throws', () => {
  test('a process that throws is tried three times, then its instance is stuck with the error and the event is parked beside it', async () => {
    const { rig } = await poisoned();
    expect(await rig.work()).toBe(1);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    await rig.pass(60_000);
    const head = await rig.head(PID);
    expect(head?.status).toBe('stuck');
    expect(JSON.parse(head?.why ?? '')).toMatchObject({
      code: 'POISON',
      message: expect.stringMatching(/^TypeError: order\.customer is undefined at test\/bad-input\/orders-system\.ts:\d+$/),
    });
    expect(await rig.parked(PID)).toHaveLength(1);
    expect(rig.notices).toMatchObject([
      { kind: 'stuck', reason: 'POISON', pid: PID },
      { kind: 'parked', reason: 'STUCK', pid: PID },
    ]);
    expect(rig.inbox.size).toBe(0);
    expect(await rig.story(PID)).toEqual(['ProcessStarted', 'CommandIssued']);
  });

  test('an instance continues if the fault ends before the third try', async () => {
    const { rig } = await poisoned();
    await rig.work();
    code.broken = false;
    await rig.pass(60_000);
    expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
    expect(await rig.parked(PID)).toEqual([]);
  });

  test('a process that throws delays no other message of the batch', async () => {
    const { rig } = await poisoned();
    rig.event('shop.placed', { orderId: 'o-2' });
    const messages = await rig.inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    expect(messages).toHaveLength(2);
    const { acknowledge, giveBack } = await rig.engine.advance(messages);
    expect([acknowledge.length, giveBack.length]).toEqual([1, 1]);
    expect(await rig.head('default#fulfil#o-2')).toMatchObject({ status: 'running' });
  });

  test('the other events of the instance in that batch are committed', async () => {
    const { rig, charge } = await poisoned();
    await rig.work();
    code.broken = false;
    rig.event('shop.fragile', { orderId: 'o-1' }, { id: 'second' });
    rig.reply(charge, { source: 'mallory', type: 'mallory.charge.completed' });
    await rig.pass(60_000);
    expect(await rig.story(PID)).toContain('StartRejected');
    expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
  });

  test('events that arrive while an instance is stuck are kept, and resume after the fix applies all of them', async () => {
    const { rig } = await poisoned();
    await rig.pass(60_000);
    rig.event('shop.fragile', { orderId: 'o-1' }, { id: 'second' });
    await rig.work();
    expect(rig.inbox.size).toBe(0);
    expect((await rig.parked(PID)).length).toBe(2);
    code.broken = false;
    rig.operate('resume', PID);
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
    // The process ends with the first event, so the second one comes after its end.
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'CLOSED', body: expect.stringContaining('"second"') }]);
  });

  test('a stuck instance is cancelled at once, without a fix, because its journal replays', async () => {
    const { rig } = await poisoned();
    await rig.pass(60_000);
    rig.operate('cancel', PID);
    await rig.work();
    expect(await rig.parked(PID)).toEqual([]);
    const refund = (await rig.commands()).find(({ undoes }) => undoes !== undefined);
    rig.reply(refund as CommandEnvelope, { data: null, dataversion: 1 });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'cancelled' });
    expect(rig.inbox.size).toBe(0);
  });

  test('an instance is stuck again if its code was not fixed', async () => {
    const { rig } = await poisoned();
    await rig.pass(60_000);
    rig.operate('resume', PID);
    await rig.pass(60_000);
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck' });
    expect(await rig.parked(PID)).toHaveLength(1);
  });

  test('a process that throws at its start leaves a stuck instance without a run; events wait beside it, and resume starts it', async () => {
    const rig = new InboxRig();
    code.brokenAtStart = true;
    rig.event('shop.fragile', { orderId: 'o-1' });
    await rig.pass(60_000);
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', run: '' });
    rig.event('shop.fragile', { orderId: 'o-1' }, { id: 'second' });
    await rig.pass(60_000);
    expect(await rig.commands()).toEqual([]);
    expect(await rig.parked(PID)).toHaveLength(2);
    code.brokenAtStart = false;
    rig.operate('resume', PID);
    await rig.work();
    const [charge, ...others] = await rig.commands();
    expect(others).toEqual([]);
    rig.reply(charge as CommandEnvelope);
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
    expect((await rig.story(PID)).filter((type) => type === 'StartRejected' || type === 'ProcessStarted')).toEqual([
      'ProcessStarted',
      'StartRejected',
    ]);
    expect(await rig.parked(PID)).toEqual([]);
  });
});

describe('a message that ends its worker again and again', () => {
  test('such a message runs alone from the fourth delivery on, and never again after three attempts that did not end', async () => {
    const { rig } = await poisoned();
    code.broken = false;
    const receive = () => rig.inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 0 });
    for (let deliveries = 0; deliveries < 3; deliveries += 1) await receive();
    const [message] = await receive();
    // Three workers have begun it and never ended.
    for (let attempts = 0; attempts < 3; attempts += 1) await rig.state.parkingStore.attempt(`${message?.messageId}/${PID}`, 1);
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('ended its worker 3 times') as string });
    expect(await rig.parked(PID)).toHaveLength(1);
    expect(rig.inbox.size).toBe(0);
  });
});
