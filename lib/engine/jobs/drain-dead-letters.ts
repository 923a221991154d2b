import { BACKOFF_SECONDS_MAX, backoffSeconds } from '../../contract/backoff.ts';
import type { ReceivedMessage, VisibilityChange } from '../../ports/message-queue.ts';
import type { SendResult } from '../../ports/message-sender.ts';
import type { AdvanceResult, EngineOptions } from '../engine-context.ts';
import { forcedFault } from '../../format/common-form.ts';
import { type ForcedMessage, INBOX, forcedMessage, inboxBody, isWrapper, packedBody } from '../../format/inbox-message.ts';

export type DrainPorts = Pick<EngineOptions, 'sender' | 'clock' | 'onFault' | 'random'>;

/** A dead letter is sent back for this long before it is parked: an outage of the store, of a queue or of the bus is over by then. */
export const DRAINED_MS_MAX = 86_400_000;
const DELAY_SECONDS_MIN = 30;

/**
 * Messages of a dead-letter queue (docs/protocol.md#dead-letters), which is for faults of the infrastructure only and is drained at once.
 *
 * D1  Each is sent back to the inbox in a wrapper that keeps since when it is drained. The delay grows with that time.
 * D2  After a day the wrapper asks for it to be parked. advance-processes parks it: only that function writes parked events, so this one goes
 *     on while the store is out of reach, and needs no right to it.
 * D3  Nothing is lost by the retention of a queue. A message in the inbox is a dead letter after 20 receives; each hides it for at most 900
 *     seconds after a fault, or for the visibility of the queue where its worker died: some 5 hours, and the inbox keeps it for 7 days. The
 *     dead-letter queue keeps it for 14 days from when it was sent, and each send begins these times again. test/cdk/retention.test.ts
 *     compares them with the template. AWS: "The expiration of a message is always based on its original enqueue timestamp" (SQS, Using
 *     dead-letter queues).
 */
export async function drainDeadLetters(ports: DrainPorts, messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
  const acknowledge: string[] = [];
  const giveBack: VisibilityChange[] = [];
  for (const message of messages) {
    if (await drained(ports, message)) acknowledge.push(message.receiptHandle);
    else giveBack.push({ receiptHandle: message.receiptHandle, seconds: backoffSeconds(message.receiveCount, chance(ports)) });
  }
  return { acknowledge, giveBack };
}

function chance({ random = Math.random }: DrainPorts): number {
  return random();
}

/** A port that fails delays one message, not its neighbours. */
async function drained(ports: DrainPorts, message: ReceivedMessage): Promise<boolean> {
  try {
    return await sentBack(ports, message);
  } catch (error) {
    ports.onFault?.(error);
    return false;
  }
}

async function sentBack(ports: DrainPorts, message: ReceivedMessage): Promise<boolean> {
  const now = ports.clock.now();
  const { lane: _lane, ...before } = wrapperOf(message);
  const since = before.since ?? now;
  const wrapper: ForcedMessage = { ...before, since, ...(now - since >= DRAINED_MS_MAX && { park: 'DEAD_LETTER' }) };
  const most = Math.min(BACKOFF_SECONDS_MAX, Math.max(DELAY_SECONDS_MIN, (now - since) / 2000));
  const delaySeconds = Math.ceil((most / 2) * (1 + chance(ports)));
  const refused = await refusedBy(ports, inboxBody(wrapper), delaySeconds);
  if (refused === undefined) return true;
  if (!refused.senderFault) return false;
  const packed: ForcedMessage = wrapper.packed ? wrapper : { ...wrapper, packed: true, body: packedBody(wrapper.body) };
  if ((await refusedBy(ports, inboxBody(packed), delaySeconds)) === undefined) return true;
  ports.onFault?.(`A dead letter is sent back without its wrapper, so its time begins again: ${refused.reason}`);
  return (await refusedBy(ports, message.body, delaySeconds)) === undefined;
}

type Failed = Extract<SendResult, { status: 'failed' }>;

async function refusedBy({ sender, onFault }: DrainPorts, body: string, delaySeconds: number): Promise<Failed | undefined> {
  const [result] = await sender.send(INBOX, [{ body, delaySeconds }]);
  if (result?.status === 'sent') return undefined;
  const failed = result ?? { status: 'failed', senderFault: false, reason: 'there was no result' };
  if (!failed.senderFault) onFault?.(`A dead letter could not be sent back and is tried again: ${failed.reason}`);
  return failed;
}

/** The wrapper of a message; a wrapper is not wrapped again. */
function wrapperOf(message: ReceivedMessage): ForcedMessage {
  if (!isWrapper(message)) return forcedMessage(message);
  try {
    const wrapper = JSON.parse(message.body) as ForcedMessage;
    return forcedFault(wrapper) === undefined ? wrapper : forcedMessage(message);
  } catch {
    // A truncated wrapper.
    return forcedMessage(message);
  }
}
