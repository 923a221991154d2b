import type { QueuedMessage } from './message.ts';

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
