import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  SendMessageBatchCommand,
  type BatchResultErrorEntry,
  type SendMessageBatchCommandOutput,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { MessageSender, OutgoingMessage, SendResult } from '../../ports/message-sender.ts';
import { BODY_BYTES_MAX, tooLong } from '../../contract/wire/wire.ts';
import { groupId } from './group-id.ts';
import type { QueueUrls } from './queue-urls.ts';
import { isSenderFault } from './sender-fault.ts';

/** SQS accepts 10 messages in a call. */
const ENTRIES_MAX = 10;

export interface SqsMessageSenderOptions {
  readonly client: SQSClient;
  readonly queueUrls: QueueUrls;
  /** @default our own limit of a message */
  readonly bodyBytesMax?: number;
  /** Deduplication id of a message to a FIFO queue, fresh each time, because repeated sends are intended. @default a random UUID */
  readonly newId?: () => string;
}

/** Sends to the queues of a system with one SendMessageBatch per call. It never throws: if SQS cannot be reached, each message has failed. */
export class SqsMessageSender implements MessageSender {
  readonly #client: SQSClient;
  readonly #queueUrls: QueueUrls;
  readonly #bodyBytesMax: number;
  readonly #newId: () => string;

  constructor(options: SqsMessageSenderOptions) {
    this.#client = options.client;
    this.#queueUrls = options.queueUrls;
    this.#bodyBytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX;
    this.#newId = options.newId ?? randomUUID;
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    assert(messages.length <= ENTRIES_MAX, `${messages.length} messages in one call: at most ${ENTRIES_MAX} are allowed`);
    const url = this.#queueUrls(queue);
    if (url === undefined) return messages.map(() => failed(true, `There is no queue ${queue}.`));
    const entries: SendMessageBatchRequestEntry[] = [];
    const fifo = url.endsWith('.fifo');
    for (const [index, message] of messages.entries()) {
      if (this.#tooLong(message) === undefined) entries.push(fifo ? this.#fifoEntry(index, message) : standardEntry(index, message));
    }
    const results = entries.length === 0 ? NOTHING : await this.#sendBatch(url, entries);
    return messages.map((message, index) => {
      const fault = this.#tooLong(message);
      return fault === undefined ? resultOf(results, index) : failed(true, fault);
    });
  }

  #tooLong({ body }: OutgoingMessage): string | undefined {
    return tooLong('body', body, this.#bodyBytesMax);
  }

  async #sendBatch(QueueUrl: string, Entries: SendMessageBatchRequestEntry[]): Promise<Results> {
    try {
      return resultsById(await this.#client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
    } catch (error) {
      // After a time-out they may have been sent. Sending them again is safe.
      return { byId: NOTHING.byId, otherwise: failed(isSenderFault(error), String(error)) };
    }
  }

  /** FIFO queues do not support a delay per message. */
  #fifoEntry(index: number, { body, groupId: group }: OutgoingMessage): SendMessageBatchRequestEntry {
    return { Id: String(index), MessageBody: body, MessageGroupId: groupId(group ?? ''), MessageDeduplicationId: this.#newId() };
  }
}

function standardEntry(index: number, { body, groupId: group, delaySeconds }: OutgoingMessage): SendMessageBatchRequestEntry {
  const entry: SendMessageBatchRequestEntry = { Id: String(index), MessageBody: body };
  if (group !== undefined && group !== '') entry.MessageGroupId = groupId(group);
  if (delaySeconds !== undefined) entry.DelaySeconds = delaySeconds;
  return entry;
}

interface Results {
  readonly byId: ReadonlyMap<string, SendResult>;
  /** The result of a message that the response does not name. */
  readonly otherwise: SendResult;
}

const NOTHING: Results = { byId: new Map(), otherwise: failed(false, 'SQS did not say what became of the message.') };

function resultOf({ byId, otherwise }: Results, index: number): SendResult {
  return byId.get(String(index)) ?? otherwise;
}

/** A batch returns 200 even if entries failed. If a response names an entry twice, the failure counts. */
function resultsById({ Successful, Failed }: SendMessageBatchCommandOutput): Results {
  const byId = new Map<string, SendResult>();
  for (const { Id, MessageId } of Successful ?? []) byId.set(Id ?? '', { status: 'sent', messageId: MessageId ?? '' });
  for (const entry of Failed ?? []) byId.set(entry.Id ?? '', failed(isSenderFault(entry), reasonOf(entry)));
  return { ...NOTHING, byId };
}

function reasonOf({ Code, Message }: BatchResultErrorEntry): string {
  return Message === undefined ? String(Code) : `${Code}: ${Message}`;
}

function failed(senderFault: boolean, reason: string): SendResult {
  return { status: 'failed', senderFault, reason };
}
