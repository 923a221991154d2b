import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type BatchResultErrorEntry,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { clientSettings } from '../aws/client-settings.ts';
import type { MessageQueue, ReceivedMessage, ReceiveOptions, VisibilityChange } from '../../ports/message-queue.ts';

/** SQS accepts 10 entries in a call and returns 10 messages. */
const ENTRIES_MAX = 10;
/** SQS hides a message for at most 12 hours. */
const VISIBILITY_SECONDS_MAX = 43_200;

export interface SqsMessageQueueOptions {
  readonly client: SQSClient;
  /** The client of long polls. Each holds a connection for its wait, and together they may hold all connections of a client. @default `client` */
  readonly receiver?: SQSClient;
  readonly queueUrl: string;
}

/**
 * One queue of SQS. A standard queue does not always report a stale receipt handle: the delete succeeds, but the message
 * is redelivered.
 */
export class SqsMessageQueue implements MessageQueue {
  readonly #client: SQSClient;
  readonly #receiver: SQSClient;
  readonly #queueUrl: string;

  constructor(options: SqsMessageQueueOptions) {
    this.#client = options.client;
    this.#receiver = options.receiver ?? options.client;
    this.#queueUrl = options.queueUrl;
  }

  /**
   * An abort ends the wait at once, but not the request: SQS would deliver a message to a closed connection and hide it.
   * Messages that still arrive are released. The request keeps a program alive that would end otherwise, at most as long as the wait.
   */
  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const { signal } = options;
    if (signal === undefined) return this.#request(options);
    if (signal.aborted) return [];
    const request = this.#request(options);
    const messages = await orAborted(request, signal);
    if (messages === undefined) void this.#giveBack(request);
    return messages ?? [];
  }

  async #request({ max, waitSeconds, visibilitySeconds }: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: Math.min(max, ENTRIES_MAX),
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: visibilitySeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    });
    // Only a long poll has a longer time-out than other calls of the same client.
    const { requestTimeout } = clientSettings(waitSeconds).requestHandler;
    const { Messages } = await this.#receiver.send(command, { requestTimeout });
    return Messages?.map(received) ?? [];
  }

  async #giveBack(request: Promise<readonly ReceivedMessage[]>): Promise<void> {
    try {
      const late = await request;
      await this.changeVisibility(late.map(({ receiptHandle }) => ({ receiptHandle, seconds: 0 })));
    } catch {
      // No caller waits any longer. Received messages are redelivered when their visibility ends.
    }
  }

  delete(receiptHandles: readonly string[]): Promise<readonly string[]> {
    return inChunks(receiptHandles, async (handles) => {
      const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      const { Failed } = await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }));
      return failedHandles(handles, Failed);
    });
  }

  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]> {
    return inChunks(changes, async (chunk) => {
      const Entries = chunk.map(({ receiptHandle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.min(seconds, VISIBILITY_SECONDS_MAX),
      }));
      const { Failed } = await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries }));
      return failedHandles(
        chunk.map(({ receiptHandle }) => receiptHandle),
        Failed,
      );
    });
  }
}

/** The result of `request`, or undefined if `signal` aborts first. */
async function orAborted<T>(request: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<undefined>((resolve) => {
    abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([request, aborted]);
  } finally {
    signal.removeEventListener('abort', abort as () => void);
  }
}

function received(message: Message): ReceivedMessage {
  const { MessageId, ReceiptHandle, Body, Attributes } = message;
  return {
    messageId: MessageId ?? '',
    receiptHandle: ReceiptHandle ?? '',
    body: Body ?? '',
    sentAt: Number(Attributes?.SentTimestamp ?? 0),
    receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
  };
}

/** A batch returns 200 even if entries failed. Ids are positions, because handles may be equal. */
function failedHandles(handles: readonly string[], failed: readonly BatchResultErrorEntry[] | undefined): readonly string[] {
  if (failed === undefined || failed.length === 0) return [];
  const at = new Set(failed.map(({ Id }) => Number(Id)));
  return handles.filter((_, index) => at.has(index));
}

async function inChunks<T>(items: readonly T[], call: (chunk: readonly T[]) => Promise<readonly string[]>): Promise<readonly string[]> {
  if (items.length === 0) return [];
  if (items.length <= ENTRIES_MAX) return call(items);
  const chunks: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += ENTRIES_MAX) chunks.push(items.slice(from, from + ENTRIES_MAX));
  return (await Promise.all(chunks.map(call))).flat();
}
