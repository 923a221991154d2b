import type { CommandEnvelope, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { Report } from './violations.ts';

/**
 * I14 at the queues of services: a command is deleted only after its answer was published, or after a queue has accepted the command again.
 */
export class ServiceMessages {
  readonly #acceptedAt = new Map<string, number>();
  /** When each body was last accepted by the queue of a service, or by its dead-letter queue. */
  readonly #bodyAt = new Map<string, number>();
  readonly #repliedAt = new Map<string, number>();

  accepted(body: string, messageId: string, at: number): void {
    if (!this.#acceptedAt.has(messageId)) this.#acceptedAt.set(messageId, at);
    this.#bodyAt.set(body, at);
  }

  published(detail: Partial<ReplyEnvelope>, at: number): void {
    if (detail.commandid !== undefined) this.#repliedAt.set(detail.commandid, at);
  }

  deleting(queue: string, body: string, messageId: string, report: Report): void {
    const since = this.#acceptedAt.get(messageId) ?? 0;
    if ((this.#bodyAt.get(body) ?? 0) > since) return;
    const { id, type } = JSON.parse(body) as CommandEnvelope;
    if ((this.#repliedAt.get(id) ?? 0) > since) return;
    report('I14', `${id} (${type}, ${messageId}) was deleted from ${queue}, but never answered`);
  }
}
