import type { StuckReason } from '../../core/image.ts';
import type { ReceivedMessage, VisibilityChange } from '../../ports/message-queue.ts';
import { parkMessage } from '../acknowledge/park.ts';
import { faultSeconds, noteFault } from '../acknowledge/redelivery-delays.ts';
import type { HandledMessage, Item } from '../admit/admission.ts';
import { namedInstance } from '../admit/named-in-message.ts';
import type { EngineContext } from '../engine-context.ts';

const QUARANTINE_ATTEMPTS = 3;

/** The result of the batch, while it is filled. */
interface Acknowledged {
  readonly acknowledge: string[];
  readonly giveBack: VisibilityChange[];
}

/** The stages of advance-processes.ts that a message runs through alone. */
export interface Stages {
  readonly admitMessage: (context: EngineContext, message: ReceivedMessage) => HandledMessage | Promise<HandledMessage>;
  readonly getStuck: (
    context: EngineContext,
    event: Pick<Item, 'message' | 'target'> & { readonly reason: StuckReason },
  ) => Promise<'kept' | 'again' | 'passed'>;
  readonly advanceItems: (context: EngineContext, items: readonly Item[]) => Promise<void>;
  readonly acknowledgeAll: (context: EngineContext, deliveries: readonly HandledMessage[], result: Acknowledged) => Promise<void>;
}

/** Runs a message alone, under marks that outlive the worker: a message that has ended several workers is not run again. */
export async function runMarked(context: EngineContext, message: ReceivedMessage, result: Acknowledged, stages: Stages): Promise<void> {
  const alone: Acknowledged = { acknowledge: [], giveBack: [] };
  try {
    await advanceMarked(context, message, alone, stages);
    result.acknowledge.push(...alone.acknowledge);
    result.giveBack.push(...alone.giveBack);
  } catch (error) {
    noteFault(context, error);
    result.giveBack.push({ receiptHandle: message.receiptHandle, seconds: faultSeconds(context, message) });
  }
}

/**
 * The message has a mark while it is read, and each of its instances has a mark while the message runs on it. A message that ends the worker
 * while it is read is parked; of the instances, only the one that ends the worker gets stuck.
 */
async function advanceMarked(context: EngineContext, message: ReceivedMessage, result: Acknowledged, stages: Stages): Promise<void> {
  const begun = await context.marks.begin(message.messageId);
  if (begun > QUARANTINE_ATTEMPTS) {
    await parkUnread(context, message);
    result.acknowledge.push(message.receiptHandle);
    return;
  }
  const delivery = await stages.admitMessage(context, message);
  await endMark(context, message.messageId);
  const items: Item[] = [];
  for (const item of delivery.items) items.push(...(await advanceItemMarked(context, delivery, item, stages)));
  await stages.acknowledgeAll(context, [{ ...delivery, items }], result);
}

/** Returns the event, to be acknowledged; nothing if its instance got stuck on it and keeps it. */
async function advanceItemMarked(context: EngineContext, delivery: HandledMessage, item: Item, stages: Stages): Promise<readonly Item[]> {
  const mark = `${delivery.message.messageId}/${item.target.pid}`;
  if ((await context.marks.begin(mark)) > QUARANTINE_ATTEMPTS) {
    const left = await quarantine(context, delivery, item, stages);
    await stages.advanceItems(context, left);
    return left;
  }
  await stages.advanceItems(context, [item]);
  await endMark(context, mark);
  return [item];
}

async function endMark(context: EngineContext, mark: string): Promise<void> {
  const fault = await context.marks.end(mark);
  if (fault !== undefined) noteFault(context, fault);
}

/** Reads no data and runs no code of the system: either may have ended the worker. */
function parkUnread(context: EngineContext, message: ReceivedMessage): Promise<void> {
  return parkMessage(context.options, message, {
    pid: namedInstance(message.body),
    reason: 'POISON',
    detail: `This message ended its worker ${QUARANTINE_ATTEMPTS} times while it was read: its data may be too large for the memory.`,
  });
}

/**
 * The instance gets stuck, and the event is parked beside it. Returns the event if it does not apply any more: then it runs no code of a
 * process, and only repeats its sends.
 */
async function quarantine(context: EngineContext, delivery: HandledMessage, item: Item, stages: Stages): Promise<readonly Item[]> {
  const { message } = delivery;
  const reason = {
    code: 'POISON',
    message: `This event ended its worker ${QUARANTINE_ATTEMPTS} times: its code never yields, or takes all memory.`,
  };
  const refused = await stages.getStuck(context, { message, target: item.target, reason });
  if (refused === 'again') delivery.retryInSeconds ??= faultSeconds(context, delivery.message);
  return refused === 'passed' ? [item] : [];
}
