import type { QueuedMessage } from './message.ts';

/** Number of taken places before the line is cut. */
const SLACK = 1024;

/** The messages that can be received now, first come first served. */
export class ReadyLine {
  #messages: QueuedMessage[] = [];
  #head = 0;

  push(message: QueuedMessage): void {
    this.#messages.push(message);
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
    this.#head += 1;
    if (this.#head < SLACK || this.#head * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#head);
    this.#head = 0;
  }
}
