import type { ReceivedMessage, VisibilityChange } from '../ports/message-queue.ts';
import type { AdvanceResult, EngineContext } from './engine-context.ts';
import { INBOX, inboxBody } from './inbox-message.ts';
import { parkMessage } from './park.ts';

/** A dead-letter queue is for faults of the infrastructure only and is drained at once. */
export const drainDeadLetters = async (context: EngineContext, messages: readonly ReceivedMessage[]): Promise<AdvanceResult> => {
  const acknowledge: string[] = [];
  const giveBack: VisibilityChange[] = [];
  for (const message of messages) {
    const drained = message.body.includes('"tutti":"forced"') ? await parked(context, message) : await sentBack(context, message);
    if (drained) acknowledge.push(message.receiptHandle);
    else giveBack.push({ receiptHandle: message.receiptHandle, seconds: 30 });
  }
  return { acknowledge, giveBack };
};

const sentBack = async ({ options }: EngineContext, message: ReceivedMessage): Promise<boolean> => {
  const [result] = await options.sender.send(INBOX, [{ body: inboxBody({ tutti: 'forced', body: message.body, sentat: message.sentAt }) }]);
  return result?.status === 'sent';
};

const parked = async (context: EngineContext, message: ReceivedMessage): Promise<boolean> => {
  await parkMessage(context, message, {
    pid: '',
    reason: 'DEAD_LETTER',
    detail: 'It could not be applied and came through the dead-letter queue twice.',
  });
  return true;
};
