import type { ReceivedMessage, VisibilityChange } from '../ports/message-queue.ts';
import type { AdvanceResult, EngineOptions } from './engine-context.ts';
import { forcedBody, INBOX, isForced } from './inbox-message.ts';
import { parkMessage, type ParkingPorts } from './park.ts';

export type DrainPorts = ParkingPorts & Pick<EngineOptions, 'sender'>;

/** Messages of a dead-letter queue, which is for faults of the infrastructure only and is drained at once: each is sent back once, forced. */
export const drainDeadLetters = async (ports: DrainPorts, messages: readonly ReceivedMessage[]): Promise<AdvanceResult> => {
  const acknowledge: string[] = [];
  const giveBack: VisibilityChange[] = [];
  for (const message of messages) {
    const drained = isForced(message.body) ? await parked(ports, message) : await sentBack(ports, message);
    if (drained) acknowledge.push(message.receiptHandle);
    else giveBack.push({ receiptHandle: message.receiptHandle, seconds: 30 });
  }
  return { acknowledge, giveBack };
};

const sentBack = async ({ sender }: DrainPorts, message: ReceivedMessage): Promise<boolean> => {
  const [result] = await sender.send(INBOX, [{ body: forcedBody(message) }]);
  return result?.status === 'sent';
};

const parked = async (ports: DrainPorts, message: ReceivedMessage): Promise<boolean> => {
  await parkMessage(ports, message, {
    pid: '',
    reason: 'DEAD_LETTER',
    detail: 'It could not be applied and came through the dead-letter queue twice.',
  });
  return true;
};
