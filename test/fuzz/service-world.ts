import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { tooLong } from '../../lib/contract/wire/wire.ts';
import type { MessageQueue } from '../../lib/ports/message-queue.ts';
import { Consumer, type ConsumerOptions } from '../../lib/service/consumer/consumer.ts';
import type { ServiceNotice } from '../../lib/service/consumer/in-flight.ts';
import { LambdaHost } from '../../lib/service/aws/lambda-host.ts';
import { START, type Fates, type Letter } from './inbox-world.ts';
import { servedPayments, type Runs } from './served-orders.ts';

/** A service on memory adapters. Records its runs, its replies and its dead letters. */
export class ServiceWorld {
  readonly clock = new VirtualClock(START);
  readonly payloads = new MemoryPayloadStore();
  readonly store = new MemoryIdempotencyStore();
  readonly runs: Runs[] = [];
  readonly replies: string[] = [];
  readonly deadLetters: string[] = [];
  readonly notices: ServiceNotice[] = [];
  readonly #lambda: LambdaHost | undefined;
  readonly #consumer: Consumer;

  constructor({ deployed = false }: { readonly deployed?: boolean } = {}) {
    const bus = new MemoryEventPublisher({ clock: this.clock, rules: [] });
    bus.subscribe(({ detail }) => this.replies.push(detail));
    const options: ConsumerOptions = {
      served: servedPayments(this.runs),
      queue: NO_QUEUE,
      store: this.store,
      publisher: bus,
      payloads: this.payloads,
      clock: this.clock,
      random: () => 0.5,
      report: (notice) => this.notices.push(notice),
      sender: {
        send: async (queue, messages) =>
          messages.map(({ body }) => {
            const fault = tooLong('body', body);
            if (fault !== undefined) return { status: 'failed', senderFault: true, reason: fault };
            if (queue === 'payments-dead-letter') this.deadLetters.push(body);
            return { status: 'sent', messageId: 'x' };
          }),
      },
    };
    this.#consumer = new Consumer(options);
    this.#lambda = deployed ? new LambdaHost(options) : undefined;
  }

  async deliver(letters: readonly Letter[]): Promise<Fates> {
    if (this.#lambda) return this.#call(this.#lambda, letters);
    const outcomes = await this.#consumer.handle(letters.map(({ id, ...rest }) => ({ ...rest, messageId: id, receiptHandle: id })));
    return new Map(
      outcomes.map(({ messageId, action, visibilitySeconds }) => [
        messageId,
        action === 'deleted' ? 'acknowledged' : (visibilitySeconds ?? -1),
      ]),
    );
  }

  async #call(lambda: LambdaHost, letters: readonly Letter[]): Promise<Fates> {
    const Records = letters.map(({ id, body, sentAt, receiveCount }) => ({
      messageId: id,
      receiptHandle: id,
      body,
      eventSource: 'aws:sqs',
      attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) },
    }));
    const { batchItemFailures } = await lambda.handle({ Records }, {});
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    return new Map(letters.map(({ id }) => [id, failed.has(id) ? 1 : 'acknowledged']));
  }
}

const NO_QUEUE: MessageQueue = { receive: async () => [], delete: async () => [], changeVisibility: async () => [] };
