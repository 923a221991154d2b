import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import { BACKOFF_SECONDS_MAX, backoffSeconds } from '../../contract/backoff.ts';
import { RECEIVES_NEAR_MAX, secondsFor, VISIBILITY_SECONDS_MAX } from './redelivery.ts';

/** The consumer's action on a message: delete it, hide it for a number of seconds, or leave it to another worker. */
export type Disposal = 'delete' | 'leave' | number;

export interface ReturnDependencies {
  readonly service: string;
  readonly sender: MessageSender | undefined;
  readonly random: () => number;
}

/** Returns messages without a reply to the queue, or moves them to the dead-letter queue. */
export class MessageReturns {
  readonly #deps: ReturnDependencies;

  constructor(dependencies: ReturnDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Hides a message for `milliseconds`. Near the receive limit the body is sent as a new message, since the return is no failure of the
   * message.
   */
  async giveBack(message: ReceivedMessage, command: CommandEnvelope | undefined, milliseconds: number): Promise<Disposal> {
    return this.giveBackUntil(message, command, secondsFor(milliseconds, VISIBILITY_SECONDS_MAX));
  }

  /** As `giveBack`, for a time in seconds, which may be a fraction if the queue allows that. */
  async giveBackUntil(message: ReceivedMessage, command: CommandEnvelope | undefined, wanted: number): Promise<Disposal> {
    const { sender, service } = this.#deps;
    const seconds = Math.max(0, Math.min(VISIBILITY_SECONDS_MAX, wanted));
    if (message.receiveCount < RECEIVES_NEAR_MAX || sender === undefined || command === undefined) return seconds;
    const delaySeconds = Math.min(seconds, BACKOFF_SECONDS_MAX);
    try {
      const [sent] = await sender.send(service, [{ body: message.body, groupId: groupOf(command), delaySeconds }]);
      return sent?.status === 'sent' ? 'delete' : seconds;
    } catch {
      // The queue is unavailable: it shows the original message again.
      return seconds;
    }
  }

  /** Returns a message with backoff, after a port of this worker failed. */
  backOff(message: ReceivedMessage, command: CommandEnvelope | undefined): Promise<Disposal> {
    return this.giveBack(message, command, backoffSeconds(message.receiveCount, this.#deps.random()) * 1000);
  }

  /** Moves a message to the dead-letter queue, for an operator. Without a sender the queue's own redrive policy moves it. */
  async toDeadLetters(message: ReceivedMessage): Promise<Disposal> {
    const { sender, service, random } = this.#deps;
    if (sender === undefined) return BACKOFF_SECONDS_MAX;
    const [sent] = await sender.send(`${service}-dead-letter`, [{ body: message.body }]);
    return sent?.status === 'sent' ? 'delete' : backoffSeconds(message.receiveCount, random());
  }
}

/** The group of SQS fair queues: the tenant, else the process name in `tenant#process#id`. */
function groupOf(command: CommandEnvelope): string {
  return command.tenant ?? command.id.split('#')[1] ?? command.source;
}
