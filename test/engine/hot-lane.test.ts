import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decider } from 'tutti';
import { drainDeadLetters } from '../../lib/engine/jobs/drain-dead-letters.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { Booked, Checkout, Nudge, payments, services, tripOf } from '../core/trip-contracts.ts';
import { HotLaneRig } from './hot-lane-rig.ts';

const PID = 'default#trip#a';

/** Publishes a word for each nudge that comes, and never ends. */
const echo = tripOf(async (ctx) => {
  for (;;) {
    const { word } = await ctx.waitFor(Nudge);
    ctx.publish(Booked, { text: word });
  }
});

const nudge = (rig: HotLaneRig, word: string): void => rig.happens(Nudge, { id: 'a', word }, word);

const started = async (processes: ConstructorParameters<typeof HotLaneRig>[0] = [echo]): Promise<HotLaneRig> => {
  const rig = new HotLaneRig(processes, services);
  rig.happens(Checkout, { id: 'a' }, 'start');
  await rig.batch(rig.engine());
  return rig;
};

/** Has met another writer, so the instance is hot. */
const hot = async (rig: HotLaneRig): Promise<void> => {
  rig.contend(1, () => nudge(rig, 'other'));
  nudge(rig, 'first');
  await rig.batch(rig.engine());
};

describe('an event that loses against others', () => {
  test('three times is forwarded, and decided once, by a worker of the lane', async () => {
    const rig = await started();
    let others = 0;
    rig.contend(3, () => nudge(rig, `other-${(others += 1)}`));
    nudge(rig, 'mine');
    const sentAt = rig.clock.now();
    const { acknowledge, giveBack } = await rig.batch(rig.engine());
    expect([acknowledge.length, giveBack.length]).toEqual([1, 0]);
    expect(await rig.heard(PID)).toEqual(['start', 'other-1', 'other-2', 'other-3']);
    expect(rig.forwarded).toMatchObject([{ groupId: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
    expect(JSON.parse(rig.forwarded[0]?.body ?? '')).toMatchObject({ tutti: 'forced', lane: true, sentat: sentAt });
    await rig.batch(rig.engine(), 'hot-lane');
    expect(await rig.heard(PID)).toEqual(['start', 'other-1', 'other-2', 'other-3', 'mine']);
    expect(rig.published).toContainEqual({ text: 'mine' });
  });

  test('is given back where there is no lane', async () => {
    const rig = await started();
    let others = 0;
    rig.contend(3, () => nudge(rig, `other-${(others += 1)}`));
    nudge(rig, 'mine');
    expect(await rig.batch(rig.engine(false))).toMatchObject({ acknowledge: [], giveBack: [{ seconds: 3 }] });
    expect(rig.forwarded).toEqual([]);
    expect((await rig.head(PID)).hotUntil).toBeUndefined();
  });

  test('comes again where it could not be forwarded', async () => {
    const rig = await started();
    rig.broken.add('hot-lane');
    let others = 0;
    rig.contend(3, () => nudge(rig, `other-${(others += 1)}`));
    nudge(rig, 'mine');
    expect(await rig.batch(rig.engine())).toMatchObject({ acknowledge: [], giveBack: [{ seconds: 2 }] });
  });

  test('comes again where it is too long for the lane, and is decided though the instance is hot', async () => {
    const rig = await started();
    let others = 0;
    const word = '"'.repeat(52_000);
    rig.contend(3, () => nudge(rig, `other-${(others += 1)}`));
    rig.happens(Nudge, { id: 'a', word }, 'long');
    expect(await rig.batch(rig.engine())).toMatchObject({ acknowledge: [], giveBack: [{ seconds: 3 }] });
    const { hotUntil: _, ...head } = await rig.head(PID);
    await rig.store.commit({ ...head, version: head.version + 1, hotUntil: rig.clock.now() + 60_000 }, { kind: 'at', ...head });
    rig.clock.advance(3_000);
    await rig.batch(rig.engine());
    expect(await rig.heard(PID)).toContain('long');
    expect(rig.forwarded).toEqual([]);
  });

  test('in the lane is never forwarded', async () => {
    const rig = await started();
    await hot(rig);
    nudge(rig, 'mine');
    await rig.batch(rig.engine());
    let others = 0;
    rig.contend(4, () => nudge(rig, `other-${(others += 1)}`));
    await rig.batch(rig.engine(), 'hot-lane');
    expect(await rig.heard(PID)).toContain('mine');
    expect(rig.forwarded).toHaveLength(1);
  });
});

describe('an instance at which writers have met', () => {
  test('is hot: later events are forwarded without an attempt, also by a worker that has it warm', async () => {
    const rig = await started();
    const warm = rig.engine();
    rig.contend(1, () => nudge(rig, 'other'));
    nudge(rig, 'first');
    await rig.batch(warm);
    expect((await rig.head(PID)).hotUntil).toBe(rig.clock.now() + 2_000);
    const { commits, loads } = rig.store;
    nudge(rig, 'second');
    await rig.batch(warm);
    expect([rig.store.commits, rig.store.loads]).toEqual([commits, loads]);
    nudge(rig, 'third');
    await rig.batch(rig.engine());
    expect([rig.store.commits, rig.store.loads]).toEqual([commits, loads + 1]);
    expect(rig.forwarded).toHaveLength(2);
    await rig.batch(rig.engine(), 'hot-lane');
    expect(rig.store.commits).toBe(commits + 1);
    expect(await rig.heard(PID)).toEqual(['start', 'other', 'first', 'second', 'third']);
  });

  test('stays hot while the lane takes several events at a time, and is calm some time after', async () => {
    const rig = await started();
    await hot(rig);
    for (const word of ['second', 'third']) nudge(rig, word);
    await rig.batch(rig.engine());
    rig.clock.advance(1_000);
    await rig.batch(rig.engine(), 'hot-lane');
    expect((await rig.head(PID)).hotUntil).toBe(rig.clock.now() + 2_000);
    rig.clock.advance(2_001);
    nudge(rig, 'calm');
    await rig.batch(rig.engine());
    expect(await rig.heard(PID)).toContain('calm');
    expect((await rig.head(PID)).hotUntil).toBeUndefined();
  });

  test('still sends again what a duplicate had caused, and forwards no duplicate', async () => {
    const rig = await started();
    rig.broken.add('bus');
    rig.contend(1, () => nudge(rig, 'other'));
    nudge(rig, 'first');
    expect((await rig.batch(rig.engine())).acknowledge).toEqual([]);
    rig.broken.delete('bus');
    nudge(rig, 'first');
    await rig.batch(rig.engine());
    expect(rig.published).toEqual([{ text: 'first' }]);
    expect(rig.forwarded).toEqual([]);
  });

  test('still takes a person at his word, through the lane', async () => {
    const rig = await started();
    await hot(rig);
    rig.queue('inbox').put(inboxBody({ tutti: 'operate', opid: 'o-1', pid: PID, act: 'terminate', reason: 'test', by: 'test' }));
    await rig.batch(rig.engine());
    expect((await rig.head(PID)).status).toBe('running');
    await rig.batch(rig.engine(), 'hot-lane');
    expect((await rig.head(PID)).status).toBe('terminated');
  });
});

test('an event for several instances is decided for each of them once', async () => {
  const count = decider('count', { state: z.object({ words: z.array(z.string()) }), initial: () => ({ words: [] }) }).on(
    Nudge.byId(({ id }) => id),
    (state, { word }) => ({ words: [...state.words, word] }),
  );
  const rig = await started([echo, count]);
  nudge(rig, 'zero');
  await rig.batch(rig.engine());
  const { hotUntil: _, ...head } = await rig.head(PID);
  await rig.store.commit({ ...head, version: head.version + 1, hotUntil: rig.clock.now() + 2_000 }, { kind: 'at', ...head });
  nudge(rig, 'one');
  await rig.batch(rig.engine());
  const counted = async (): Promise<unknown> => JSON.parse((await rig.head('default#count#a')).control);
  expect(await counted()).toMatchObject({ view: { data: { words: ['zero', 'one'] } } });
  expect(await rig.heard(PID)).toEqual(['start', 'zero']);
  await rig.batch(rig.engine(), 'hot-lane');
  expect(await counted()).toMatchObject({ view: { data: { words: ['zero', 'one'] } } });
  expect(await rig.heard(PID)).toEqual(['start', 'zero', 'one']);
});

test('a tick that was forwarded sends again what it had caused, under whatever message id it comes', async () => {
  const charging = tripOf(async (ctx) => {
    await ctx.sleep('1 minute');
    await ctx.call(payments.charge, { amount: 5 });
  });
  const rig = await started([charging]);
  const head = await rig.head(PID);
  await rig.store.commit({ ...head, version: head.version + 1, hotUntil: rig.clock.now() + 120_000 }, { kind: 'at', ...head });
  rig.clock.advance(60_000);
  await rig.batch(rig.engine());
  expect(rig.forwarded).toHaveLength(1);
  rig.broken.add('payments');
  await rig.batch(rig.engine(), 'hot-lane');
  expect(await rig.commands('payments')).toEqual([]);
  rig.broken.delete('payments');
  rig.queue('hot-lane').put(rig.forwarded[0]?.body ?? '');
  await rig.batch(rig.engine(), 'hot-lane');
  expect(await rig.commands('payments')).toMatchObject([{ type: 'payments.charge' }]);
});

test('a message that must run alone is not begun near the end of the time', async () => {
  const rig = await started();
  nudge(rig, 'late');
  for (let delivery = 1; delivery <= 3; delivery += 1) {
    const [message] = await rig.queue('inbox').receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 });
    expect(message?.receiveCount).toBe(delivery);
    rig.clock.advance(1_000);
  }
  const near = await rig.batch(rig.engine(), 'inbox', { remainingMs: () => 2_999 });
  expect(near).toMatchObject({ acknowledge: [], giveBack: [{ seconds: 3 }] });
  expect(await rig.heard(PID)).toEqual(['start']);
  rig.clock.advance(3_000);
  await rig.batch(rig.engine(), 'inbox', { remainingMs: () => 3_000 });
  expect(await rig.heard(PID)).toEqual(['start', 'late']);
});

test('a dead letter of the lane goes to the inbox as often as it is one, and never to the lane again', async () => {
  const rig = await started();
  await hot(rig);
  nudge(rig, 'mine');
  const [first] = await rig.queue('inbox').receive({ max: 1, waitSeconds: 0, visibilitySeconds: 0 });
  await rig.batch(rig.engine());
  const sent: string[] = [];
  const send: MessageSender['send'] = async (_, messages) => {
    sent.push(...messages.map(({ body }) => body));
    return messages.map(() => ({ status: 'sent', messageId: '1' }));
  };
  const ports = { clock: rig.clock, sender: { send } };
  const dead = (body: string) => ({ messageId: 'm', receiptHandle: 'r', body, sentAt: 1, receiveCount: 21 });
  await drainDeadLetters(ports, [dead(rig.forwarded[0]?.body ?? '')]);
  const wrapper = { tutti: 'forced', body: first?.body, sentat: first?.sentAt, since: rig.clock.now() };
  expect(JSON.parse(sent[0] ?? '')).toEqual(wrapper);
  await drainDeadLetters(ports, [dead(sent[0] ?? '')]);
  expect(JSON.parse(sent[1] ?? '')).toEqual(wrapper);
});
