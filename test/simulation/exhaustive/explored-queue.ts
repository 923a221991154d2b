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
  /** Nobody holds it: whoever asks gets it, if its time has come. */
  visible: boolean;
  deleted: boolean;
  receiveCount: number;
}

/**
 * A queue whose every liberty is taken by the explorer: which message is handed out, whether it is handed out twice, whether the delete
 * of a receiver that was overtaken still works. Time does not pass while it explores, but for the first few seconds of a message that
 * was given back, since a worker may always be slower than that.
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

  /** Whether the receipt is that of the last delivery, which alone is sure to work. */
  isCurrent({ messageId, receiveCount }: ReceivedMessage): boolean {
    return this.get(messageId).receiveCount === receiveCount;
  }

  delete({ messageId }: ReceivedMessage): void {
    this.get(messageId).deleted = true;
  }

  /** Its receiver is done with it, or gone, and has not deleted it. */
  release(received: ReceivedMessage): void {
    const message = this.get(received.messageId);
    if (this.isCurrent(received)) message.visible = true;
  }

  /** What waits for time to go on is a tick, or was given back for long: how often a tick was sent makes no difference until then. */
  digest(now: number): string {
    const parts = new Set<string>();
    for (const { id, body, receiveCount, visible, deleted, visibleAt } of this.messages)
      parts.add(visibleAt > now ? `${visibleAt}${body}` : `${id}:${receiveCount}${visible ? 'v' : ''}${deleted ? 'd' : ''}`);
    return [...parts].sort().join(' ');
  }
}
