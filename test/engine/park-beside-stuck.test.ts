import { expect, test } from 'vitest';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { EngineContext } from '../../lib/engine/engine-context.ts';
import { parkedId } from '../../lib/engine/acknowledge/park.ts';
import { parkBesideStuck } from '../../lib/engine/acknowledge/get-stuck.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { ParkedCopy } from '../../lib/ports/parking-store.ts';
import type { SendResult } from '../../lib/ports/message-sender.ts';

const PID = 'default#trip#a';
const OTHER = { pid: PID, id: '000000000000001#other', reason: 'STUCK', detail: '', body: '{"other":1}', parkedAt: 1 };
const message = { messageId: 'm1', receiptHandle: 'r1', body: '{"n":1}', sentAt: 5, receiveCount: 1 } as ReceivedMessage;

/** Parks the message beside an instance that has `status` when it is looked at again. Notes what happens, in order. */
const park = async (
  status: 'stuck' | 'running',
  {
    sending = { status: 'sent', messageId: 'm2' },
    messages = [message],
  }: { sending?: SendResult; messages?: readonly ReceivedMessage[] } = {},
) => {
  const parking = new MemoryParkingStore();
  await parking.park(OTHER);
  const steps: string[] = [];
  const options = {
    parking: {
      park: parking.park.bind(parking),
      parked: parking.parked.bind(parking),
      redriven: async (pid: string, events: readonly ParkedCopy[], at: number) => {
        steps.push(`mark ${events.map(({ id }) => id).join()}`);
        await parking.redriven(pid, events, at);
      },
    },
    sender: {
      send: async (queue: string, messages: readonly { readonly body: string }[]) => {
        steps.push(...messages.map(({ body }) => `send ${queue} ${body}`));
        return messages.map(() => sending);
      },
    },
    store: { load: async () => [{ pid: PID, status }] },
    clock: new VirtualClock(9),
    onFault: () => {},
  };
  const context = { options, remainingMs: () => 30_000 } as unknown as EngineContext;
  let acknowledged = true;
  for (const each of messages) acknowledged &&= await parkBesideStuck(context, each, { pid: PID, reason: 'STUCK', detail: '' });
  return { acknowledged, steps, left: (await parking.parked(PID)).map(({ id }) => id) };
};

const commanded = (messageId: string, sentAt: number, cancel?: true): ReceivedMessage => {
  const body = JSON.stringify({
    tutti: 'command',
    commandid: 'default#tour#t/run/1',
    owner: PID,
    time: '2026-01-01T00:00:00.000Z',
    cancel,
  });
  return { messageId, receiptHandle: messageId, body, sentAt, receiveCount: 1 };
};

test('an engine command is parked once, however often it is sent to a stuck instance, and so is its cancel', async () => {
  const messages = [1, 2, 3].flatMap((day) => [commanded(`m${day}`, day), commanded(`c${day}`, day, true)]);
  const { left } = await park('stuck', { messages });
  expect(left.toSorted()).toEqual([OTHER.id, parkedId(commanded('m9', 9)), parkedId(commanded('c9', 9, true))].toSorted());
});

const PARKED = '000000000000005#m1';

test('an event that is parked while its instance is resumed goes back to the inbox, is marked, and only then acknowledged', async () => {
  expect(await park('running')).toEqual({
    acknowledged: true,
    steps: [String.raw`send inbox {"tutti":"forced","body":"{\"n\":1}","sentat":5}`, `mark ${PARKED}`],
    left: [OTHER.id],
  });
});

test.each([true, false])(
  'an event that cannot be sent back, senderFault %s, stays parked, and its message comes again',
  async (senderFault) => {
    const failed: SendResult = { status: 'failed', senderFault, reason: 'not taken' };
    const { acknowledged, left } = await park('running', { sending: failed });
    expect(acknowledged).toBe(false);
    expect(left).toEqual([OTHER.id, PARKED]);
  },
);

test('an event stays parked beside an instance that is still stuck, and its message is done', async () => {
  expect(await park('stuck')).toEqual({ acknowledged: true, steps: [], left: [OTHER.id, PARKED] });
});
