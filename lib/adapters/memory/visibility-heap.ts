import type { Message } from './message.ts';

/**
 * The messages that wait for their time, the soonest first. Each knows its index, so that an acknowledged message leaves
 * at once: with a visibility of minutes and thousands of messages a second, dead entries would be the greater part.
 */
export class VisibilityHeap {
  readonly #messages: Message[] = [];

  get size(): number {
    return this.#messages.length;
  }

  first(): Message | undefined {
    return this.#messages[0];
  }

  push(message: Message): void {
    this.#messages.push(message);
    this.#rise(message, this.#messages.length - 1);
  }

  remove(message: Message): void {
    const at = message.heapIndex;
    const last = this.#messages.pop();
    if (last === undefined || last === message) return;
    if (before(last, message)) this.#rise(last, at);
    else this.#sink(last, at);
  }

  #rise(message: Message, from: number): void {
    const messages = this.#messages;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = messages[above] as Message;
      if (!before(message, parent)) break;
      messages[at] = parent;
      parent.heapIndex = at;
      at = above;
    }
    messages[at] = message;
    message.heapIndex = at;
  }

  #sink(message: Message, from: number): void {
    const messages = this.#messages;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= messages.length) break;
      if (below + 1 < messages.length && before(messages[below + 1] as Message, messages[below] as Message)) below += 1;
      const child = messages[below] as Message;
      if (!before(child, message)) break;
      messages[at] = child;
      child.heapIndex = at;
      at = below;
    }
    messages[at] = message;
    message.heapIndex = at;
  }
}

function before(left: Message, right: Message): boolean {
  return left.visibleAt === right.visibleAt ? left.number < right.number : left.visibleAt < right.visibleAt;
}
