import type { ReceivedMessage } from '../../../lib/ports/message-queue.ts';

interface NewMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  readonly visibleAt: number;
  readonly group?: string;
  readonly receiveCount?: number;
}

export interface QueuedMessage extends NewMessage {
  visibleAt: number;
  /** No worker holds it: a receive returns it, if its time has come. */
  visible: boolean;
  deleted: boolean;
  receiveCount: number;
}

/**
 * A queue that leaves each choice to the explorer: the message that it delivers, a second delivery of it, and the effect of a delete with
 * an old receipt. Time does not pass during the exploration, except for the first seconds after a message was released, because a worker
 * may always be slower than that.
 */
export class ExploredQueue {
  readonly name: string;
  readonly messages: QueuedMessage[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(message: NewMessage): void {
    this.messages.push({ ...message, visible: true, deleted: false, receiveCount: message.receiveCount ?? 0 });
  }

  ready(now: number): readonly QueuedMessage[] {
    const ready = this.messages.filter(({ visible, deleted, visibleAt }) => visible && !deleted && visibleAt <= now);
    return ready.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: string): QueuedMessage {
    return this.messages.find((message) => message.id === id) as QueuedMessage;
  }

  receive(message: QueuedMessage): ReceivedMessage {
    message.visible = false;
    message.receiveCount += 1;
    const { id, body, sentAt, receiveCount } = message;
    return { messageId: id, receiptHandle: `${id} ${receiveCount}`, body, sentAt, receiveCount };
  }

  /** Whether the receipt is that of the last delivery. No other receipt is sure to work. */
  isCurrent({ messageId, receiveCount }: ReceivedMessage): boolean {
    return this.get(messageId).receiveCount === receiveCount;
  }

  delete({ messageId }: ReceivedMessage): void {
    this.get(messageId).deleted = true;
  }

  /** Makes the message visible again, after its receiver has ended or crashed without a delete. */
  release(received: ReceivedMessage): void {
    const message = this.get(received.messageId);
    if (this.isCurrent(received)) message.visible = true;
  }

  /** A message that waits for its time is a tick, or was released for long. The number of copies of a tick makes no difference until then. */
  digest(now: number): string {
    const parts = new Set<string>();
    for (const { id, body, receiveCount, visible, deleted, visibleAt } of this.messages)
      parts.add(visibleAt > now ? `${visibleAt}${body}` : `${id}:${receiveCount}${visible ? 'v' : ''}${deleted ? 'd' : ''}`);
    return [...parts].sort().join(' ');
  }
}
