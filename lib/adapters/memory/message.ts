/** A message of a queue. Its body is kept in two parts, so that an event's envelope is never copied nor parsed on its way. */
export interface QueuedMessage {
  /** Unique in a system, ascending in the order of sending, never used again. */
  readonly number: number;
  queue: string;
  /** The text before the detail, for an event from the bus; `''` where `detail` is the whole body. */
  readonly prefix: string;
  readonly detail: string;
  readonly sentAt: number;
  /** From when it can be received. */
  visibleAt: number;
  receiveCount: number;
  /** It was there when the state was opened, so it may be what killed the process before. */
  readonly restored: boolean;
  place: 'ready' | 'waiting' | 'gone';
  /** Its index in the heap, while it waits. */
  heapIndex: number;
}

export function bodyOf(message: QueuedMessage): string {
  return message.prefix === '' ? message.detail : `${message.prefix}${message.detail}}`;
}
