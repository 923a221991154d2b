import type { MessageQueue, ReceivedMessage, ReceiveOptions, VisibilityChange } from '../../../lib/ports/message-queue.ts';
import type { Choices } from './choices.ts';
import type { Faults } from './faults.ts';

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receiveCount: number;
}

export interface SimulatedQueueOptions {
  readonly name: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly deadLetter?: SimulatedQueue;
  /** @default never a dead letter */
  readonly maxReceiveCount?: number;
  readonly accepted: (queue: string, body: string, messageId: string) => void;
  readonly received?: (queue: string, body: string, messageId: string) => void;
  readonly deleting: (queue: string, body: string, messageId: string) => void;
}

/**
 * A standard queue of SQS, as bad as its documentation allows: any order, duplicate deliveries, and a delete by an old receipt that may or
 * may not work.
 */
export class SimulatedQueue implements MessageQueue {
  readonly name: string;
  readonly #options: SimulatedQueueOptions;
  #messages: Message[] = [];

  constructor(options: SimulatedQueueOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get size(): number {
    return this.#messages.length;
  }

  get bodies(): readonly string[] {
    return this.#messages.map(({ body }) => body);
  }

  /** When the next message can be received; `Infinity` if there is none. */
  nextVisibleAt(): number {
    let next = Infinity;
    for (const { visibleAt } of this.#messages) next = Math.min(next, visibleAt);
    return next;
  }

  put(body: string, delaySeconds = 0): string {
    const now = this.#options.now();
    const id = this.#options.newId();
    this.#messages.push({ id, body, sentAt: now, visibleAt: now + delaySeconds * 1_000, receiveCount: 0 });
    this.#options.accepted(this.name, body, id);
    return id;
  }

  /** Takes messages that are visible now, and waits for none. */
  take(max: number, visibilitySeconds: number): readonly ReceivedMessage[] {
    const { now, faults, choices } = this.#options;
    const ready = this.#messages.filter(({ visibleAt }) => visibleAt <= now());
    const shuffled = faults.strikes('reorder');
    const taken: ReceivedMessage[] = [];
    while (ready.length > 0 && taken.length < max) {
      const [message] = ready.splice(shuffled ? choices.below(ready.length) : 0, 1) as [Message];
      if (message.receiveCount >= (this.#options.maxReceiveCount ?? Infinity)) {
        this.bury(message.id);
        continue;
      }
      message.receiveCount += 1;
      // Delivered a second time while the first receiver still has it.
      message.visibleAt = faults.strikes('duplicate-delivery') ? now() : now() + visibilitySeconds * 1_000;
      this.#options.received?.(this.name, message.body, message.id);
      taken.push(received(message));
    }
    return taken;
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    return this.take(options.max, options.visibilitySeconds);
  }

  /** SQS reports success for an old receipt too, and may or may not have deleted the message. */
  async delete(receiptHandles: readonly string[]): Promise<readonly string[]> {
    for (const handle of receiptHandles) {
      const message = this.#byHandle(handle);
      if (message === undefined) continue;
      const current = handle === handleOf(message);
      if (current || this.#options.faults.strikes('stale-receipt')) this.#remove(message);
    }
    return [];
  }

  async changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]> {
    const failed: string[] = [];
    const now = this.#options.now();
    for (const { receiptHandle, seconds } of changes) {
      const message = this.#byHandle(receiptHandle);
      if (message === undefined || message.visibleAt <= now || receiptHandle !== handleOf(message)) failed.push(receiptHandle);
      else message.visibleAt = now + seconds * 1_000;
    }
    return failed;
  }

  /** Moves a message to the dead-letter queue, with its id and its age. */
  bury(id: string): void {
    const { deadLetter, now } = this.#options;
    const message = this.#messages.find((each) => each.id === id);
    if (message === undefined || deadLetter === undefined) return;
    this.#messages = this.#messages.filter((each) => each !== message);
    deadLetter.#messages.push({ ...message, visibleAt: now(), receiveCount: 0 });
  }

  get ids(): readonly string[] {
    return this.#messages.map(({ id }) => id);
  }

  /** Messages that were never received: a worker may have decided on one that was. */
  unreceived(matches: (body: string) => boolean): readonly string[] {
    return this.#messages.filter(({ body, receiveCount }) => receiveCount === 0 && matches(body)).map(({ id }) => id);
  }

  /** Loses a message by accident, without a notification. */
  lose(id: string): void {
    this.#messages = this.#messages.filter((each) => each.id !== id);
  }

  /** An operator redrives all messages to their original queue; each gets a new id. */
  redriveTo(queue: SimulatedQueue): number {
    const messages = this.#messages;
    this.#messages = [];
    for (const { body } of messages) queue.put(body);
    return messages.length;
  }

  #byHandle(handle: string): Message | undefined {
    const id = handle.slice(0, handle.indexOf('.'));
    return this.#messages.find((message) => message.id === id);
  }

  #remove(message: Message): void {
    this.#options.deleting(this.name, message.body, message.id);
    this.#messages = this.#messages.filter((each) => each !== message);
  }
}

const handleOf = ({ id, receiveCount }: Message): string => `${id}.${receiveCount}`;

const received = (message: Message): ReceivedMessage => ({
  messageId: message.id,
  receiptHandle: handleOf(message),
  body: message.body,
  sentAt: message.sentAt,
  receiveCount: message.receiveCount,
});
