/**
 * The queue of the engine at which a message arrived. IAM allows different senders for each: the bus and Tutti's functions for `inbox`,
 * clients that start for `starts`, operators for `operations`.
 */
export type Channel = 'inbox' | 'starts' | 'operations';

/** A received message. Names are those of SQS. */
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
  /** Only for messages to the engine. @default one queue for all channels, as in the embedded runtime, which has one user */
  readonly channel?: Channel;
  /** The sender, as the queue authenticates it. @default unknown */
  readonly senderId?: string;
}

export interface ReceiveOptions {
  /** At most this many messages; SQS allows 10. */
  readonly max: number;
  /** Long poll: how long to wait for a first message. 0 returns at once. */
  readonly waitSeconds: number;
  /** How long the messages stay invisible to other receivers. */
  readonly visibilitySeconds: number;
  readonly signal?: AbortSignal;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  /** Seconds from now. 0 makes the message visible at once; SQS allows 43,200. */
  readonly seconds: number;
}

/**
 * The receiving end of one queue. Delivery is at least once, in any order. A message that is received more than `maxReceiveCount` times
 * moves to the dead-letter queue, with its id and its time.
 */
export interface MessageQueue {
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]>;
  /** Acknowledges messages. Returns the receipt handles that could not be deleted (stale, or a transient error). */
  delete(receiptHandles: readonly string[]): Promise<readonly string[]>;
  /** Returns the receipt handles whose visibility could not be changed. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]>;
}
