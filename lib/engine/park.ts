import type { ReceivedMessage } from '../ports/message-queue.ts';
import type { SendResult } from '../ports/message-sender.ts';
import type { ParkedEvent } from '../ports/parking-store.ts';
import type { EngineContext, EngineOptions } from './engine-context.ts';
import { inboxFault } from './inbox-form.ts';
import { INBOX, inboxBody, type InboxMessage } from './inbox-message.ts';

export type ParkingPorts = Pick<EngineOptions, 'parking' | 'clock' | 'onNotice'>;

/** Keeps a message for a person, beside the instance that it concerns where one is known. */
export const parkMessage = async (
  { parking, clock, onNotice }: ParkingPorts,
  message: ReceivedMessage,
  why: { readonly pid: string; readonly reason: string; readonly detail: string },
): Promise<void> => {
  const { body, sentAt } = unwrapped(message);
  const id = `${String(sentAt).padStart(15, '0')}#${message.messageId}`;
  await parking.park({ pid: why.pid, id, reason: why.reason, detail: why.detail, body, parkedAt: clock.now() });
  onNotice?.({ kind: 'parked', reason: why.reason, pid: why.pid });
};

/** A message that was sent back before is parked as it came first, not in a wrapper of a wrapper. */
const unwrapped = (message: ReceivedMessage): { readonly body: string; readonly sentAt: number } => {
  if (!message.body.startsWith('{"tutti":"forced"')) return message;
  try {
    const wrapper = JSON.parse(message.body) as Extract<InboxMessage, { tutti: 'forced' }>;
    return inboxFault(wrapper) === undefined ? { body: wrapper.body, sentAt: wrapper.sentat } : message;
  } catch {
    // Somebody else's wrapper, or half of one.
    return message;
  }
};

/**
 * After a `resume`: everything parked beside the instance goes back to the inbox in order, each a message of its own, and
 * only then is it marked. A crash in between is repaired by the redelivery of the `resume`. What can never be sent stays parked.
 * Returns whether all else was sent.
 */
export const redrive = async ({ options }: EngineContext, pid: string): Promise<boolean> => {
  const parked = await options.parking.parked(pid);
  const sent: string[] = [];
  let isOver = true;
  for (const event of parked) {
    const result = await sentAgain(options, event);
    if (result?.status === 'sent') sent.push(event.id);
    else if (result?.senderFault) options.onFault?.(`An event that is parked beside ${pid} stays there: ${result.reason}`);
    else {
      isOver = false;
      break;
    }
  }
  if (sent.length > 0) await options.parking.redriven(pid, sent, options.clock.now());
  return isOver;
};

/** One that its wrapper makes too long goes as it came first. */
const sentAgain = async ({ sender }: Pick<EngineOptions, 'sender'>, { id, body }: ParkedEvent): Promise<SendResult | undefined> => {
  const [sentat] = id.split('#');
  const [wrapped] = await sender.send(INBOX, [{ body: inboxBody({ tutti: 'forced', body, sentat: Number(sentat) }) }]);
  if (wrapped?.status !== 'failed' || !wrapped.senderFault) return wrapped;
  const [bare] = await sender.send(INBOX, [{ body }]);
  return bare;
};
