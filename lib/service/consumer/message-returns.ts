import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import { BACKOFF_SECONDS_MAX, backoffSeconds } from '../../contract/backoff.ts';
import { RECEIVES_NEAR_MAX, secondsFor, VISIBILITY_SECONDS_MAX } from './redelivery.ts';

/** What the queue is to be told: delete it, hide it for so many seconds, or nothing. */
export type Disposal = 'delete' | 'leave' | number;

export interface ReturnDependencies {
  readonly service: string;
  readonly sender: MessageSender | undefined;
  readonly random: () => number;
}

/** Where a message goes that is not answered. */
export class MessageReturns {
  readonly #deps: ReturnDependencies;

  constructor(dependencies: ReturnDependencies) {
    this.#deps = dependencies;
  }

  /** Hides a message so long. The message is at no fault: near the receive limit it is sent again, which counts from 1. */
  async giveBack(message: ReceivedMessage, command: CommandEnvelope | undefined, milliseconds: number): Promise<Disposal> {
    const { sender, service } = this.#deps;
    const seconds = secondsFor(milliseconds, VISIBILITY_SECONDS_MAX);
    if (message.receiveCount < RECEIVES_NEAR_MAX || sender === undefined || command === undefined) return seconds;
    const delaySeconds = Math.min(seconds, BACKOFF_SECONDS_MAX);
    try {
      const [sent] = await sender.send(service, [{ body: message.body, groupId: groupOf(command), delaySeconds }]);
      return sent?.status === 'sent' ? 'delete' : seconds;
    } catch {
      // The queue is out of reach: it shows the message again by itself.
      return seconds;
    }
  }

  /** The same after a fault of what this worker needs, with a backoff. */
  backOff(message: ReceivedMessage, command: CommandEnvelope | undefined): Promise<Disposal> {
    return this.giveBack(message, command, backoffSeconds(message.receiveCount, this.#deps.random()) * 1000);
  }

  /** To the dead-letter queue, where a person finds it. Without a sender the queue's own redrive policy takes it there. */
  async bury(message: ReceivedMessage): Promise<Disposal> {
    const { sender, service, random } = this.#deps;
    if (sender === undefined) return BACKOFF_SECONDS_MAX;
    const [sent] = await sender.send(`${service}-dead-letter`, [{ body: message.body }]);
    return sent?.status === 'sent' ? 'delete' : backoffSeconds(message.receiveCount, random());
  }
}

/** Fair-queue group: the tenant, or the process name in `tenant#process#id`. */
function groupOf(command: CommandEnvelope): string {
  return command.tenant ?? command.id.split('#')[1] ?? command.source;
}
