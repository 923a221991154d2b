import { type Clock, WaitSignal } from '../../ports/clock.ts';
import type { MessageQueue, ReceivedMessage, ReceiveOptions, VisibilityChange } from '../../ports/message-queue.ts';
import { type QueuedMessage, ReadyLine, VisibilityHeap, bodyOf } from './queued-message.ts';
import { MemoryTable, type Table } from './table.ts';

/** The part of the log that a queue uses to make messages durable. */
export interface DurableMark {
  /** Messages up to this number survive a crash. */
  readonly durableNumber: number;
  /** Resolves when all earlier writes survive a crash. */
  durable(): Promise<void>;
}

export interface QueueOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Deliveries of a message before it moves to `deadLetter`. @default its deliveries are unlimited */
  readonly maxReceiveCount?: number;
  readonly deadLetter?: MemoryMessageQueue;
  /** The messages of the system, by number; queues may share it. @default a table of its own */
  readonly messages?: Table<number, QueuedMessage>;
  /** The number of the next message. @default counts from 1 */
  readonly nextNumber?: () => number;
  /** The log under `messages`. @default nothing to wait for */
  readonly log?: DurableMark;
  /** Delivers only durable messages, for receivers outside of the log. @default false */
  readonly durableOnly?: boolean;
  /** Wakes a waiting receiver, perhaps later, so that the receiver finds more than one message. @default at once */
  readonly wake?: (run: () => void) => void;
}

/** One queue: visibility, delay, receive counts, dead letters. Time comes from the clock alone. */
export class MemoryMessageQueue implements MessageQueue {
  readonly name: string;
  readonly #options: QueueOptions;
  readonly #clock: Clock;
  readonly #messages: Table<number, QueuedMessage>;
  readonly #maxReceiveCount: number;
  readonly #ready = new ReadyLine();
  readonly #waiting = new VisibilityHeap();
  readonly #receivers: (() => void)[] = [];
  #number = 0;
  #size = 0;

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
    this.#messages = options.messages ?? new MemoryTable();
    this.#maxReceiveCount = options.deadLetter === undefined ? Infinity : (options.maxReceiveCount ?? Infinity);
    for (const message of this.#messages.resident()) if (message.queue === this.name) this.#place(message);
  }

  /** All messages of the queue: ready, delayed and in flight. */
  get size(): number {
    return this.#size;
  }

  /** Messages that can be received now, and their characters. */
  get ready(): number {
    return this.#ready.length;
  }

  get readyCharacters(): number {
    return this.#ready.characters;
  }

  /** Grows with each message that is received. */
  get received(): number {
    return this.#ready.left;
  }

  /** The time at which a message can next be received: now or earlier if one is ready, undefined if the queue is empty. */
  nextVisibleAt(): number | undefined {
    return this.#ready.first()?.visibleAt ?? this.#waiting.first()?.visibleAt;
  }

  /** Puts a message. `prefix` as in `Message`. */
  put(detail: string, delaySeconds = 0, prefix = ''): string {
    const now = this.#clock.now();
    const number = this.#options.nextNumber === undefined ? (this.#number += 1) : this.#options.nextNumber();
    const message: QueuedMessage = {
      number,
      queue: this.name,
      prefix,
      detail,
      sentAt: now,
      visibleAt: now + delaySeconds * 1000,
      receiveCount: 0,
      restored: false,
      place: 'gone',
      heapIndex: 0,
    };
    this.#messages.set(number, message);
    this.#place(message);
    return String(number);
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const until = options.waitSeconds > 0 ? this.#clock.now() + options.waitSeconds * 1000 : 0;
    for (;;) {
      const taken = this.#take(options);
      if (taken.length > 0) {
        // The remaining messages are for the next receiver, and a sleeping one must wake at the end of this visibility.
        if (this.#ready.first() !== undefined || this.#waiting.first() === taken[0]) this.#wakeOne();
        // A message that was restored after a crash may be its cause, so the count of its deliveries must survive the next crash.
        if (taken.some((message) => message.restored)) await this.#options.log?.durable();
        return taken.map(received);
      }
      if (this.#ready.first() !== undefined) await this.#options.log?.durable();
      else if (this.#clock.now() >= until || options.signal?.aborted === true) return [];
      else await this.#arrival(until, options.signal);
    }
  }

  async delete(receiptHandles: readonly string[]): Promise<readonly string[]> {
    let failed: string[] | undefined;
    for (const handle of receiptHandles) {
      const message = this.#messages.get(numberOf(handle));
      if (message === undefined || message.queue !== this.name) continue;
      if (countOf(handle) === message.receiveCount) this.#remove(message);
      else (failed ??= []).push(handle);
    }
    return failed ?? [];
  }

  async changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]> {
    const failed: string[] = [];
    const now = this.#clock.now();
    for (const { receiptHandle, seconds } of changes) {
      const message = this.#inFlight(receiptHandle, now);
      if (message === undefined) {
        failed.push(receiptHandle);
        continue;
      }
      this.#waiting.remove(message);
      message.visibleAt = now + seconds * 1000;
      this.#place(message);
    }
    return failed;
  }

  #inFlight(receiptHandle: string, now: number): QueuedMessage | undefined {
    const message = this.#messages.get(numberOf(receiptHandle));
    const held = message?.queue === this.name && message.place === 'waiting' && message.visibleAt > now;
    return held && message.receiveCount === countOf(receiptHandle) ? message : undefined;
  }

  /** Takes at most `max` ready messages. Empty if none is ready or the first is not durable yet. */
  #take(options: ReceiveOptions): QueuedMessage[] {
    const now = this.#clock.now();
    this.#promote(now);
    const taken: QueuedMessage[] = [];
    const durable = this.#options.durableOnly === true ? (this.#options.log?.durableNumber ?? Infinity) : Infinity;
    while (taken.length < options.max) {
      const message = this.#ready.first();
      if (message === undefined || message.number > durable) break;
      this.#ready.shift();
      if (message.receiveCount >= this.#maxReceiveCount) {
        this.#bury(message);
        continue;
      }
      message.receiveCount += 1;
      message.visibleAt = now + options.visibilitySeconds * 1000;
      message.place = 'waiting';
      this.#waiting.push(message);
      this.#messages.set(message.number, message);
      taken.push(message);
    }
    return taken;
  }

  /** Moves the messages that have become visible to the line. */
  #promote(now: number): void {
    for (let first = this.#waiting.first(); first !== undefined && first.visibleAt <= now; first = this.#waiting.first()) {
      this.#waiting.remove(first);
      first.place = 'ready';
      this.#ready.push(first);
    }
  }

  #place(message: QueuedMessage): void {
    if (message.place === 'gone') this.#size += 1;
    if (message.visibleAt <= this.#clock.now()) {
      message.place = 'ready';
      this.#ready.push(message);
    } else {
      message.place = 'waiting';
      this.#waiting.push(message);
      if (this.#waiting.first() !== message) return;
    }
    // A receiver that sleeps until the next message must wake for an earlier one.
    this.#wakeOne();
  }

  #remove(message: QueuedMessage): void {
    if (message.place === 'waiting') this.#waiting.remove(message);
    message.place = 'gone';
    this.#size -= 1;
    this.#messages.delete(message.number);
  }

  #bury(message: QueuedMessage): void {
    const deadLetter = this.#options.deadLetter as MemoryMessageQueue;
    this.#size -= 1;
    message.place = 'gone';
    message.queue = deadLetter.name;
    message.receiveCount = 0;
    message.visibleAt = 0;
    this.#messages.set(message.number, message);
    deadLetter.#place(message);
  }

  #wakeOne(): void {
    const wake = this.#receivers.shift();
    if (wake === undefined) return;
    if (this.#options.wake === undefined) wake();
    else this.#options.wake(wake);
  }

  /** Resolves when there may be a message, at `until`, or when `signal` aborts. */
  async #arrival(until: number, signal: AbortSignal | undefined): Promise<void> {
    const now = this.#clock.now();
    const woken = new WaitSignal();
    const wake = (): void => woken.abort();
    this.#receivers.push(wake);
    signal?.addEventListener('abort', wake, { once: true });
    await this.#clock.sleep(Math.min(until, this.#waiting.first()?.visibleAt ?? until) - now, woken);
    signal?.removeEventListener('abort', wake);
    const at = this.#receivers.indexOf(wake);
    if (at !== -1) this.#receivers.splice(at, 1);
    // A receiver that was woken but is aborted wakes the next one.
    else if (signal?.aborted === true) this.#wakeOne();
  }
}

function received(message: QueuedMessage): ReceivedMessage {
  return {
    messageId: String(message.number),
    receiptHandle: `${message.number}.${message.receiveCount}`,
    body: bodyOf(message),
    sentAt: message.sentAt,
    receiveCount: message.receiveCount,
  };
}

function numberOf(receiptHandle: string): number {
  return Number.parseInt(receiptHandle, 10);
}

function countOf(receiptHandle: string): number {
  return Number.parseInt(receiptHandle.slice(receiptHandle.indexOf('.') + 1), 10);
}
