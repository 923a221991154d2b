import assert from 'node:assert/strict';
import type { MessageSender, OutgoingMessage, SendResult } from '../../ports/message-sender.ts';
import { tooLong } from '../../contract/wire/wire.ts';
import type { Channel } from '../../ports/message-queue.ts';
import type { MemoryMessageQueue } from './message-queue.ts';

/** SQS accepts at most 10 messages in a call. */
const SEND_MAX = 10;

/** Requests that go to the inbox if the system has no queues for them: all clients of such a system are one user. */
const REQUESTS: ReadonlySet<string> = new Set<Channel>(['starts', 'operations']);
const INBOX: Channel = 'inbox';

/** Sends to the queues of a system. */
export class MemoryMessageSender implements MessageSender {
  readonly #queues: ReadonlyMap<string, MemoryMessageQueue>;

  constructor(queues: ReadonlyMap<string, MemoryMessageQueue>) {
    this.#queues = queues;
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    assert(messages.length <= SEND_MAX, `${messages.length} messages in one call: at most ${SEND_MAX} are allowed`);
    const target = this.#queues.get(queue) ?? (REQUESTS.has(queue) ? this.#queues.get(INBOX) : undefined);
    if (target === undefined) return messages.map(() => ({ status: 'failed', senderFault: true, reason: `There is no queue ${queue}.` }));
    return messages.map((message) => put(target, message));
  }
}

function put(queue: MemoryMessageQueue, message: OutgoingMessage): SendResult {
  const fault = tooLong('body', message.body);
  if (fault !== undefined) return { status: 'failed', senderFault: true, reason: fault };
  return { status: 'sent', messageId: queue.put(message.body, message.delaySeconds) };
}
