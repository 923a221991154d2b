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

/** Number of taken places before the line is cut. */
const SLACK = 1024;

/** The messages that can be received now, first come first served. */
export class ReadyLine {
  #messages: QueuedMessage[] = [];
  #head = 0;
  /** Characters of the messages in the line. */
  characters = 0;
  /** Messages that have left the line. */
  left = 0;

  push(message: QueuedMessage): void {
    this.#messages.push(message);
    this.characters += message.detail.length;
  }

  get length(): number {
    return this.#messages.length - this.#head;
  }

  /** The next message. Messages that were deleted meanwhile are skipped. */
  first(): QueuedMessage | undefined {
    for (let message = this.#messages[this.#head]; message !== undefined; message = this.#messages[this.#head]) {
      if (message.place === 'ready') return message;
      this.shift();
    }
    return undefined;
  }

  shift(): void {
    this.characters -= (this.#messages[this.#head] as QueuedMessage).detail.length;
    this.left += 1;
    this.#head += 1;
    if (this.#head < SLACK || this.#head * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#head);
    this.#head = 0;
  }
}

/**
 * The messages that wait for their time, the soonest first. Each has its index, so that an acknowledged message is removed
 * at once: with a visibility of minutes and thousands of messages a second, stale entries would be the greater part.
 */
export class VisibilityHeap {
  readonly #messages: QueuedMessage[] = [];

  get size(): number {
    return this.#messages.length;
  }

  first(): QueuedMessage | undefined {
    return this.#messages[0];
  }

  push(message: QueuedMessage): void {
    this.#messages.push(message);
    this.#rise(message, this.#messages.length - 1);
  }

  remove(message: QueuedMessage): void {
    const at = message.heapIndex;
    const last = this.#messages.pop();
    if (last === undefined || last === message) return;
    if (before(last, message)) this.#rise(last, at);
    else this.#sink(last, at);
  }

  #rise(message: QueuedMessage, from: number): void {
    const messages = this.#messages;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = messages[above] as QueuedMessage;
      if (!before(message, parent)) break;
      messages[at] = parent;
      parent.heapIndex = at;
      at = above;
    }
    messages[at] = message;
    message.heapIndex = at;
  }

  #sink(message: QueuedMessage, from: number): void {
    const messages = this.#messages;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= messages.length) break;
      if (below + 1 < messages.length && before(messages[below + 1] as QueuedMessage, messages[below] as QueuedMessage)) below += 1;
      const child = messages[below] as QueuedMessage;
      if (!before(child, message)) break;
      messages[at] = child;
      child.heapIndex = at;
      at = below;
    }
    messages[at] = message;
    message.heapIndex = at;
  }
}

function before(left: QueuedMessage, right: QueuedMessage): boolean {
  return left.visibleAt === right.visibleAt ? left.number < right.number : left.visibleAt < right.visibleAt;
}
