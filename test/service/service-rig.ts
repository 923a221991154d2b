import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { toWire } from '../../lib/contract/wire/wire.ts';
import type { EventPublisher } from '../../lib/ports/event-publisher.ts';
import type { CommandRecord, IdempotencyStore } from '../../lib/ports/idempotency-store.ts';
import type { MessageQueue } from '../../lib/ports/message-queue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { Consumer, type ConsumerOptions } from '../../lib/service/consumer/consumer.ts';
import type { ServiceNotice, DeliveryResult } from '../../lib/service/consumer/in-flight.ts';
import { LambdaHost } from '../../lib/service/aws/lambda-host.ts';
import type { Served } from '../../lib/service/served.ts';

export const START = Date.parse('2026-11-21T10:00:00.000Z');
export const HASH = `sha256:${'9f'.repeat(32)}`;

export interface RigOptions {
  readonly store?: IdempotencyStore;
  readonly publisher?: (bus: MemoryEventPublisher) => EventPublisher;
  readonly queue?: (queue: MemoryMessageQueue) => MessageQueue;
  /** Whether the consumer takes the queue for one that counts in whole seconds, as SQS. @default false */
  readonly wholeSeconds?: boolean;
}

/** One service on memory adapters in virtual time. */
export class ServiceRig {
  readonly clock = new VirtualClock(START);
  readonly queue = new MemoryMessageQueue({ name: 'payments', clock: this.clock });
  readonly deadLetter = new MemoryMessageQueue({ name: 'payments-dead-letter', clock: this.clock });
  readonly payloads = new MemoryPayloadStore();
  readonly bus = new MemoryEventPublisher({ clock: this.clock, rules: [] });
  readonly replies: ReplyEnvelope[] = [];
  readonly notices: ServiceNotice[] = [];
  readonly store: IdempotencyStore;
  readonly publisher: EventPublisher;
  readonly sender: MessageSender;
  readonly consumer: Consumer;
  readonly #served: Served;
  readonly #queuePort: MessageQueue;
  readonly #wholeSeconds: boolean;
  #nonces = 0;

  constructor(served: Served, options: RigOptions = {}) {
    this.#served = served;
    this.#wholeSeconds = options.wholeSeconds ?? false;
    this.store = options.store ?? new MemoryIdempotencyStore();
    this.publisher = options.publisher?.(this.bus) ?? this.bus;
    this.#queuePort = options.queue?.(this.queue) ?? this.queue;
    this.bus.subscribe((event) => this.replies.push(JSON.parse(event.detail) as ReplyEnvelope));
    this.sender = new MemoryMessageSender(
      new Map([
        ['payments', this.queue],
        ['payments-dead-letter', this.deadLetter],
      ]),
    );
    this.consumer = this.worker();
  }

  /** Another worker of the same service. */
  worker(seed = 0.5): Consumer {
    return new Consumer(this.#options(seed));
  }

  /** The service as a Lambda function. */
  lambda(seed = 0.5): LambdaHost {
    return new LambdaHost(this.#options(seed));
  }

  #options(seed: number): ConsumerOptions {
    let next = seed;
    return {
      served: this.#served,
      queue: this.#queuePort,
      store: this.store,
      publisher: this.publisher,
      payloads: this.payloads,
      clock: this.clock,
      wholeSeconds: this.#wholeSeconds,
      sender: this.sender,
      random: () => (next = (next * 1.37 + 0.11) % 1),
      newNonce: () => String((this.#nonces += 1)).padStart(22, '0'),
      report: (notice) => this.notices.push(notice),
    };
  }

  send(over: Partial<CommandEnvelope> = {}): void {
    this.queue.put(toWire(command(over)));
  }

  /** Receives once and handles the messages to their end. */
  async deliver(consumer = this.consumer): Promise<DeliveryResult[]> {
    return consumer.handle(await this.queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 }));
  }

  /** Receives and returns the messages `count` times, which raises their receive counts. */
  async receiveInVain(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const [message] = await this.queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
      await this.queue.changeVisibility([{ receiptHandle: message!.receiptHandle, seconds: 0 }]);
    }
  }

  record(id = ID): Promise<CommandRecord | undefined> {
    return this.store.read(id);
  }

  outcomes(): string[] {
    return this.replies.map((reply) => reply.outcome);
  }
}

/** The message id of the first delivery of a rig. */
export const FIRST_NONCE = '1'.padStart(22, '0');

export const ID = 'default#book-trip#cart-42/r5f2c/3';

export function command(over: Partial<CommandEnvelope> = {}): CommandEnvelope {
  return {
    specversion: '1.0',
    id: ID,
    source: 'trips',
    type: 'payments.charge',
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    datahash: HASH,
    subject: 'cart-42',
    attempt: 1,
    deadline: '2026-11-24T10:00:00.000Z',
    replyto: 'trips',
    replytoken: 'h1.Kx',
    hops: 2,
    traceparent: '00-4bf92f35-01',
    data: { amount: 5, card: 'tok_1' },
    ...over,
  };
}

/** The same command after its deadline, which settles it. */
export const SETTLING: Partial<CommandEnvelope> = { deadline: '2026-11-21T09:59:59.000Z', attempt: 2 };

/** Resolves when all work that waits for no timer is done. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A promise that a test resolves. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}
