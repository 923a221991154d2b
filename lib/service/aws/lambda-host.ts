import { messageOfRecord, type LambdaRecord } from '../../adapters/sqs/lambda-record.ts';
import { Unsupported } from '../../contract/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MessageQueue, ReceivedMessage } from '../../ports/message-queue.ts';
import { BEAT_MS, Consumer, type ConsumerOptions } from '../consumer/consumer.ts';
import { servedParts } from '../served.ts';
import { queueIdOf } from './served-systems.ts';

/** Before the function times out by this much, the signals of running handlers abort. */
const STOP_BEFORE_END_MS = 2_000;
/** Before the function times out by this much, handlers that still run are abandoned, so that the function can return its response. */
const ABANDON_BEFORE_END_MS = 500;

/** The messages that Lambda leaves in the queue; it deletes the others. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Runs a service's commands in a Lambda function.
 * In: a batch of SQS records and the remaining time of the function. Out: the batch item failures.
 * Trunk: `handle` → `Consumer.handle` (lib/service/consumer/consumer.ts), beside a heartbeat and a watch over the remaining time.
 */
export class LambdaHost {
  readonly #first: Consumer;
  readonly #further: FurtherQueues | undefined;
  /** The consumers of further queues that have had a message. */
  readonly #made = new Map<string, Consumer>();
  readonly #clock: Clock;
  readonly #service: string;

  /** `further`: present if several systems send commands to the service. @default every record is of the one queue of the service */
  constructor(options: ConsumerOptions, further?: FurtherQueues) {
    this.#clock = options.clock;
    this.#service = servedParts(options.served).contract.name;
    this.#first = consumerOf(options);
    this.#further = further;
  }

  /** Resolves when each command has its reply or is returned to the queue, or 500 ms before the function times out. */
  async handle(batch: unknown, context: unknown): Promise<BatchResponse> {
    const messages = messagesOf(batch, this.#service).map((each) => ({ ...each, consumer: this.#consumerOf(each.queue) }));
    const unanswered = new Set(messages.map(({ message }) => message.messageId));
    const ended = new AbortController();
    const answered = Promise.all(messages.map((each) => this.#run(each.consumer, each.message, unanswered))).then(() => ended.abort());
    const overdue = this.#watchTime(remainingMs(context), ended.signal);
    // The loop is not awaited, because a heartbeat that hangs would delay the response. No heartbeat begins after the end.
    void this.#beat(ended.signal);
    await Promise.race([answered, overdue]);
    ended.abort();
    await overdue;
    return { batchItemFailures: Array.from(unanswered, (itemIdentifier) => ({ itemIdentifier })) };
  }

  #consumerOf(queue: string): Consumer {
    if (this.#further === undefined || queue === this.#further.first) return this.#first;
    const made = this.#made.get(queue);
    if (made !== undefined) return made;
    const options = this.#further.options(queue);
    if (options === undefined) throw notSqs(this.#service, `a message of the queue ${queue}`);
    const consumer = consumerOf(options);
    this.#made.set(queue, consumer);
    return consumer;
  }

  /** An environment of the function handles one batch at a time, so what ends the batch ends all its commands. */
  get #consumers(): readonly Consumer[] {
    return [this.#first, ...this.#made.values()];
  }

  async #run(consumer: Consumer, message: ReceivedMessage, unanswered: Set<string>): Promise<void> {
    const [outcome] = await consumer.handle([message]);
    if (outcome?.action === 'deleted') unanswered.delete(message.messageId);
  }

  async #watchTime(totalMs: number, ended: AbortSignal): Promise<void> {
    if (totalMs === Infinity) return waitFor(ended);
    // A function with a short timeout gives handlers half of it.
    const stopAfterMs = Math.max(totalMs - STOP_BEFORE_END_MS, totalMs / 2);
    const abandonAfterMs = Math.max(totalMs - ABANDON_BEFORE_END_MS, (totalMs * 3) / 4);
    await this.#clock.sleep(stopAfterMs, ended);
    if (ended.aborted) return;
    for (const consumer of this.#consumers) consumer.stop();
    await this.#clock.sleep(abandonAfterMs - stopAfterMs, ended);
    if (!ended.aborted) for (const consumer of this.#consumers) consumer.abandon();
  }

  async #beat(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.#clock.sleep(BEAT_MS, ended);
      if (!ended.aborted) await Promise.all(this.#consumers.map((consumer) => consumer.beat()));
    }
  }
}

/** The queues of the systems of a service, each named by `queueIdOf` it. */
export interface FurtherQueues {
  /** The queue of the first system. */
  readonly first: string;
  /**
   * The options of another queue, read at its first message. Undefined for a queue of no system: its messages are refused, because their
   * replies would reach the bus of another system.
   */
  readonly options: (queue: string) => ConsumerOptions | undefined;
}

function consumerOf(options: ConsumerOptions): Consumer {
  return new Consumer({ ...options, queue: undeleting(options.queue) });
}

/** Lambda deletes the messages that the response does not report as failed, so the consumer deletes none. */
function undeleting(queue: MessageQueue): MessageQueue {
  return {
    receive: (options) => queue.receive(options),
    delete: async () => [],
    changeVisibility: (changes) => queue.changeVisibility(changes),
  };
}

function waitFor(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function remainingMs(context: unknown): number {
  const { getRemainingTimeInMillis: remaining } = (context ?? {}) as { readonly getRemainingTimeInMillis?: () => number };
  return typeof remaining === 'function' ? remaining.call(context) : Infinity;
}

/** The queue of a record is '' if its ARN is unknown. */
function messagesOf(batch: unknown, service: string): readonly { readonly message: ReceivedMessage; readonly queue: string }[] {
  const records = (batch as { readonly Records?: unknown } | null | undefined)?.Records;
  if (!Array.isArray(records)) throw notSqs(service, 'an event without Records');
  return records.map((record: (LambdaRecord & { readonly eventSource?: unknown; readonly eventSourceARN?: string }) | null) => {
    if (record?.eventSource !== 'aws:sqs') throw notSqs(service, `a record of ${String(record?.eventSource)}`);
    return { message: messageOfRecord(record), queue: queueIdOf(record.eventSourceARN ?? '') };
  });
}

function notSqs(service: string, got: string): Unsupported {
  return new Unsupported(`${service} was called with ${got}: expected a batch of messages from its SQS queue.`, {
    remedy: 'Call the function only by an event source mapping, on a queue of the service, that reports batch item failures.',
  });
}
