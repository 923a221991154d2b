import type { EventPublisher, OutgoingEvent, PublishResult } from '../../ports/event-publisher.ts';
import type { Faults } from './faults.ts';

/** A bus in bad weather: some entries fail, some events come twice, and answers get lost. */
export class FaultyEventPublisher implements EventPublisher {
  readonly #inner: EventPublisher;
  readonly #faults: Faults;

  constructor(inner: EventPublisher, faults: Faults) {
    this.#inner = inner;
    this.#faults = faults;
  }

  publish(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]> {
    return this.#faults.call('publish', async () => {
      const results: PublishResult[] = [];
      for (const event of events) results.push(await this.#publishOne(event));
      return results;
    });
  }

  async #publishOne(event: OutgoingEvent): Promise<PublishResult> {
    const { chances } = this.#faults;
    if (this.#faults.draw(chances.entryFailed)) return { status: 'failed', reason: 'Injected: not taken.' };
    if (this.#faults.draw(chances.duplicate)) await this.#inner.publish([event]);
    const [result] = await this.#inner.publish([event]);
    return result as PublishResult;
  }
}
