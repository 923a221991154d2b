/**
 * Which queue of the engine a message came to. Each has senders of its own, which is how IAM tells them apart: to `inbox` the bus delivers
 * and Tutti's functions send, to `starts` clients that start, to `operations` operators.
 */
export type Channel = 'inbox' | 'starts' | 'operations';

/** One message as its receiver holds it. Names are those of SQS. */
export interface ReceivedMessage {
  /** Stable over redeliveries; a redrive or a new send makes a new one. */
  readonly messageId: string;
  /** Names this delivery; a later delivery of the same message makes it stale. */
  readonly receiptHandle: string;
  readonly body: string;
  /** When the message was first sent, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** 1 on the first delivery. */
  readonly receiveCount: number;
  /** Of a message to the engine. @default one queue takes everything, as in the embedded runtime, whose clients are one user */
  readonly channel?: Channel;
  /** Who sent it, as the queue itself knows it. @default not known */
  readonly senderId?: string;
}

export interface ReceiveOptions {
  /** At most this many messages; SQS allows 10. */
  readonly max: number;
  /** Long poll: how long to wait for a first message. 0 answers at once. */
  readonly waitSeconds: number;
  /** How long the messages stay invisible to other receivers. */
  readonly visibilitySeconds: number;
  readonly signal?: AbortSignal;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  /** From now; 0 makes the message visible at once. SQS allows 43,200. */
  readonly seconds: number;
}

/**
 * The receiving end of one queue: at least once, in any order. A message that is received more than `maxReceiveCount`
 * times moves to the dead-letter queue, with its id and its time.
 */
export interface MessageQueue {
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]>;
  /** Acknowledges. Returns the receipt handles that could not be deleted (stale, or a passing fault). */
  delete(receiptHandles: readonly string[]): Promise<readonly string[]>;
  /** Returns the receipt handles whose visibility could not be changed. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]>;
}
