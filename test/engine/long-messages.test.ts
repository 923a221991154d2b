import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { tooLong } from '../../lib/adapters/body-limit.ts';
import { drainDeadLetters } from '../../lib/engine/drain-dead-letters.ts';
import { fitsLane, forwardedBody } from '../../lib/engine/inbox-message.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { Booked, Checkout, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
/** As a producer outside sends it: longer than any message of ours once it is wrapped, and shorter before. */
const LONG = '"'.repeat(52_000);

test('a message fits into the lane only where its wrapper can be sent, whatever letters it is of', () => {
  for (const body of ['a'.repeat(199_000), 'ü'.repeat(34_000), '"'.repeat(99_000), LONG]) {
    const message = { body, sentAt: 1 };
    expect(fitsLane(message)).toBe(forwardedBody(message).length <= 200_000);
  }
});

test('a dead letter that is too long to be sent back is parked, not kept until the queue forgets it', async () => {
  const parking = new MemoryParkingStore();
  const send: MessageSender['send'] = async (_, messages) =>
    messages.map(({ body }) => {
      const reason = tooLong('body', body);
      return reason === undefined ? { status: 'sent', messageId: '1' } : { status: 'failed', senderFault: true, reason };
    });
  const body = JSON.stringify({ detail: LONG });
  const dead = { messageId: 'm', receiptHandle: 'r', body, sentAt: 1, receiveCount: 21 };
  const result = await drainDeadLetters({ parking, clock: new VirtualClock(0), sender: { send } }, [dead]);
  expect(result).toEqual({ acknowledge: ['r'], giveBack: [] });
  expect(await parking.parked('')).toMatchObject([{ reason: 'DEAD_LETTER', body }]);
});

test('a dead letter whose parking fails keeps no other', async () => {
  const parking = new MemoryParkingStore();
  const send: MessageSender['send'] = async (_, [message]) => {
    if (message?.body.includes('broken')) throw new TypeError('no queue');
    return [{ status: 'sent', messageId: '1' }];
  };
  const dead = (body: string) => ({ messageId: body, receiptHandle: body, body, sentAt: 1, receiveCount: 21 });
  const result = await drainDeadLetters({ parking, clock: new VirtualClock(0), sender: { send } }, [dead('"broken"'), dead('"whole"')]);
  expect(result).toEqual({ acknowledge: ['"whole"'], giveBack: [{ receiptHandle: '"broken"', seconds: 30 }] });
});

const code = { broken: true };
/** Stuck at the first word while its code is broken. */
const echo = tripOf(async (ctx) => {
  for (;;) {
    const { word } = await ctx.waitFor(Nudge);
    if (code.broken) throw new TypeError('word.text is undefined');
    ctx.publish(Booked, { text: `${word.length}` });
  }
});

test('a long event that is parked comes back after a resume, and holds nothing up that is parked behind it', async () => {
  const rig = new EngineRig([echo], services, { checks: true });
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
