/** A message of a queue. Its body is kept in two parts, so that the detail of an event is never copied or parsed. */
export interface QueuedMessage {
  /** Unique in a system, ascending in the order of sending, never used again. */
  readonly number: number;
  queue: string;
  /** The text before the detail, for an event from the bus; `''` where `detail` is the whole body. */
  readonly prefix: string;
  readonly detail: string;
  readonly sentAt: number;
  /** The time from which it can be received. */
  visibleAt: number;
  receiveCount: number;
  /** Whether it was in the queue when the state was opened, so that it may be the cause of the crash before. */
  readonly restored: boolean;
  place: 'ready' | 'waiting' | 'gone';
  /** Its index in the heap while it waits. */
  heapIndex: number;
}

export function bodyOf(message: QueuedMessage): string {
  return message.prefix === '' ? message.detail : `${message.prefix}${message.detail}}`;
}
