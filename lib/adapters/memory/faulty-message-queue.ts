import type { MessageQueue, ReceivedMessage, ReceiveOptions, VisibilityChange } from '../../ports/message-queue.ts';
import type { Faults } from './faults.ts';

/** A queue in bad weather: deliveries out of order or twice, deletes that fail, or succeed without saying so. */
export class FaultyMessageQueue implements MessageQueue {
  readonly #inner: MessageQueue;
  readonly #faults: Faults;

  constructor(inner: MessageQueue, faults: Faults) {
    this.#inner = inner;
    this.#faults = faults;
  }

  /** Where the answer is lost, the messages stay in flight until their visibility ends. */
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    return this.#faults.call('receive', async () => {
      const messages = await this.#inner.receive(options);
      for (const { receiptHandle } of messages) {
        if (this.#faults.draw(this.#faults.chances.duplicate)) await this.#inner.changeVisibility([{ receiptHandle, seconds: 0 }]);
      }
      return this.#faults.shuffled(messages);
    });
  }

  delete(receiptHandles: readonly string[]): Promise<readonly string[]> {
    return this.#faults.call('delete', () =>
      this.#partly(
        receiptHandles,
        (handle) => handle,
        (handles) => this.#inner.delete(handles),
      ),
    );
  }

  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]> {
    const handleOf = (change: VisibilityChange): string => change.receiptHandle;
    return this.#faults.call('changeVisibility', () => this.#partly(changes, handleOf, (some) => this.#inner.changeVisibility(some)));
  }

  async #partly<Entry>(
    entries: readonly Entry[],
    handleOf: (entry: Entry) => string,
    run: (entries: readonly Entry[]) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const failed = entries.filter(() => this.#faults.draw(this.#faults.chances.entryFailed));
    const refused = await run(entries.filter((entry) => !failed.includes(entry)));
    return [...refused, ...failed.map(handleOf)];
  }
}
