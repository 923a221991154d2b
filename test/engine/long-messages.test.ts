import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { BODY_BYTES_MAX, tooLong } from '../../lib/contract/wire/wire.ts';
import { DRAINED_MS_MAX, drainDeadLetters } from '../../lib/engine/jobs/drain-dead-letters.ts';
import { fitsLane, forwardedBody } from '../../lib/format/inbox-message.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { Booked, Checkout, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
/** As a producer outside sends it: longer than any message of ours once it is wrapped, and shorter before. */
const LONG = '"'.repeat(52_000);

const code = { broken: true };
/** Stuck at the first word while its code is broken. */
const echo = tripOf(async (ctx) => {
  for (;;) {
    const { word } = await ctx.waitFor(Nudge);
    if (code.broken) throw new TypeError('word.text is undefined');
    ctx.publish(Booked, { text: `${word.length}` });
  }
});

test('a message fits into the lane only where its wrapper can be sent, whatever letters it is of', () => {
  for (const body of ['a'.repeat(199_000), 'ü'.repeat(34_000), '"'.repeat(99_000), LONG]) {
    const message = { body, sentAt: 1 };
    expect(fitsLane(message)).toBe(forwardedBody(message).length <= 200_000);
  }
});

/** The bodies that reach the inbox through a queue with this limit of bytes. */
const inboxOf = (most: number) => {
  const sent: { readonly body: string; readonly delaySeconds?: number }[] = [];
  const send: MessageSender['send'] = async (_, messages) =>
    messages.map((message) => {
      const reason = tooLong('body', message.body, most);
      if (reason !== undefined) return { status: 'failed', senderFault: true, reason };
      sent.push(message);
      return { status: 'sent', messageId: '1' };
    });
  return { sent, send };
};

test('a dead letter that its wrapper makes too long is sent back packed, and is decided as it came', async () => {
  const rig = new EngineRig([echo], services, { checks: true });
  code.broken = false;
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  rig.happens(Nudge, { id: 'a', word: LONG });
  await rig.purges();
  const { sent, send } = inboxOf(BODY_BYTES_MAX);
  const dead = { messageId: 'm', receiptHandle: 'r', body: rig.bodies.at(-1) as string, sentAt: 1, receiveCount: 21 };
  const result = await drainDeadLetters({ clock: rig.clock, sender: { send } }, [dead]);
  expect(result).toEqual({ acknowledge: ['r'], giveBack: [] });
  expect(sent).toMatchObject([{ body: expect.stringContaining('"packed":true') as string }]);
  await rig.sender.send('inbox', [{ body: sent[0]?.body ?? '' }]);
  await rig.advance();
  expect(rig.texts()).toEqual(['52000']);
});

test('a packed dead letter that is parked is kept as it came', async () => {
  const rig = new EngineRig([echo], services);
  const body = JSON.stringify({ detail: LONG });
  const { sent, send } = inboxOf(BODY_BYTES_MAX);
  const drain = async (message: string): Promise<void> => {
    const dead = { messageId: 'm', receiptHandle: 'r', body: message, sentAt: 1, receiveCount: 21 };
    await drainDeadLetters({ clock: rig.clock, sender: { send } }, [dead]);
  };
  await drain(body);
  rig.clock.advance(DRAINED_MS_MAX);
  await drain(sent[0]?.body ?? '');
  await rig.sender.send('inbox', [{ body: sent[1]?.body ?? '' }]);
  await rig.advance();
  expect(await rig.parking.parked('')).toMatchObject([{ reason: 'DEAD_LETTER', body }]);
});

test('a dead letter that is too long also when it is packed goes back as it came', async () => {
  const body = JSON.stringify({ detail: randomBytes(90_000).toString('base64') });
  const { sent, send } = inboxOf(body.length);
  const dead = { messageId: 'm', receiptHandle: 'r', body, sentAt: 1, receiveCount: 21 };
  const faults: unknown[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  await drainDeadLetters({ clock: new VirtualClock(0), sender: { send }, onFault }, [dead]);
  expect(sent).toMatchObject([{ body }]);
  expect(faults).toEqual([expect.stringContaining('without its wrapper')]);
});

test('a wrapper that cannot be unpacked is parked as it came', async () => {
  const rig = new EngineRig([echo], services);
  const body = JSON.stringify({ tutti: 'forced', packed: true, body: 'no deflate', sentat: 1 });
  await rig.sender.send('inbox', [{ body }]);
  await rig.advance();
  expect(await rig.parking.parked('')).toMatchObject([{ reason: 'MALFORMED', body }]);
});

test('a dead letter that cannot be sent back keeps no other, and is tried again with a growing delay', async () => {
  const send: MessageSender['send'] = async (_, [message]) => {
    if (message?.body.includes('broken')) throw new TypeError('no queue');
    return [{ status: 'sent', messageId: '1' }];
  };
  const dead = (body: string, receiveCount: number) => ({ messageId: body, receiptHandle: body, body, sentAt: 1, receiveCount });
  const ports = { clock: new VirtualClock(0), sender: { send }, random: () => 0 };
  const result = await drainDeadLetters(ports, [dead('"broken 1"', 1), dead('"broken 9"', 9), dead('"whole"', 21)]);
  expect(result).toEqual({
    acknowledge: ['"whole"'],
    giveBack: [
      { receiptHandle: '"broken 1"', seconds: 1 },
      { receiptHandle: '"broken 9"', seconds: 256 },
    ],
  });
});

test('a long event that is parked comes back after a resume, and holds nothing up that is parked behind it', async () => {
  const rig = new EngineRig([echo], services, { checks: true });
  code.broken = true;
  rig.happens(Checkout, { id: 'a' });
  rig.happens(Nudge, { id: 'a', word: '1' });
  await rig.advance();
  rig.happens(Nudge, { id: 'a', word: LONG });
  await rig.advance();
  rig.happens(Nudge, { id: 'a', word: '333' });
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'stuck' });
  expect(await rig.parking.parked(PID)).toHaveLength(3);
  code.broken = false;
  rig.operates(operation('resume', PID));
  await rig.pass(5_000);
  expect(rig.texts().toSorted((a, b) => Number(a) - Number(b))).toEqual(['1', '3', '52000']);
  expect(await rig.parking.parked(PID)).toEqual([]);
});
