import type { MessageSender, OutgoingMessage, SendResult } from '../../ports/message-sender.ts';
import type { Faults } from './faults.ts';

/** SQS's longest delay. */
const DELAY_MAX_SECONDS = 900;

/** A sender in bad weather: some entries fail, some are sent twice or late, and answers get lost. */
export class FaultyMessageSender implements MessageSender {
  readonly #inner: MessageSender;
  readonly #faults: Faults;

  constructor(inner: MessageSender, faults: Faults) {
    this.#inner = inner;
    this.#faults = faults;
  }

  send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    return this.#faults.call('send', async () => {
      const results: SendResult[] = [];
      for (const message of messages) results.push(await this.#sendOne(queue, message));
      return results;
    });
  }

  async #sendOne(queue: string, message: OutgoingMessage): Promise<SendResult> {
    const { chances } = this.#faults;
    if (this.#faults.draw(chances.senderFault)) return { status: 'failed', senderFault: true, reason: 'Injected: refused.' };
    if (this.#faults.draw(chances.entryFailed)) return { status: 'failed', senderFault: false, reason: 'Injected: not taken.' };
    if (this.#faults.draw(chances.duplicate)) await this.#inner.send(queue, [message]);
    const delaySeconds = Math.min(DELAY_MAX_SECONDS, (message.delaySeconds ?? 0) + this.#faults.delaySeconds());
    const [result] = await this.#inner.send(queue, [{ ...message, delaySeconds }]);
    return result as SendResult;
  }
}
