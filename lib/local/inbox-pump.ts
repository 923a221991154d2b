import type { AdvanceResult } from '../engine/engine.ts';
import type { MessageQueue, ReceivedMessage } from '../ports/message-queue.ts';
import { EngineLost } from './engine-host.ts';

export interface PumpOptions {
  readonly queue: MessageQueue;
  readonly advance: (messages: readonly ReceivedMessage[]) => Promise<AdvanceResult>;
  readonly advanceSuspect: (message: ReceivedMessage) => Promise<AdvanceResult>;
  /** Batches that the engine has in hand at a time. */
  readonly inFlightMax: number;
  readonly signal: AbortSignal;
  /** Told of a failure after which a batch is given back. */
  readonly failed: (error: unknown) => void;
}

/** The engine takes this many messages at a time; one turn of the event loop then serves many instances. */
const BATCH = 256;
const WAIT_SECONDS = 20;
const VISIBILITY_SECONDS = 120;
/** After a passing fault, such as a full disk, a batch is not tried again at once. */
const FAULT_PAUSE_SECONDS = 5;

/**
 * Carries the messages of a queue to the engine and acknowledges what is done.
 *
 * Q1  What a lost engine had in hand is visible again at once, and each of it is a suspect until it is done.
 * Q2  While a suspect runs, nothing else does: whoever runs when the engine is lost again is the cause. The engine marks it
 *     before (protocol row 20), and from the fourth time on does not run it any more.
 */
export class InboxPump {
  readonly #options: PumpOptions;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #suspects = new Set<string>();

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Resolves after `signal` has aborted, when nothing is in hand any more. */
  async run(): Promise<void> {
    const { queue, signal, advance, inFlightMax } = this.#options;
    while (!signal.aborted) {
      const messages = await queue.receive({ max: BATCH, waitSeconds: WAIT_SECONDS, visibilitySeconds: VISIBILITY_SECONDS, signal });
      if (messages.length === 0) continue;
      const others = this.#suspects.size === 0 ? messages : await this.#runSuspects(messages);
      if (others.length === 0) continue;
      this.#launch(others, () => advance(others));
      if (this.#inFlight.size >= inFlightMax) await Promise.race(this.#inFlight);
    }
    await this.#idle();
  }

  #launch(messages: readonly ReceivedMessage[], advance: () => Promise<AdvanceResult>): void {
    const carried = this.#carry(messages, advance).finally(() => this.#inFlight.delete(carried));
    this.#inFlight.add(carried);
  }

  /** Runs the suspects among these, one by one, and returns the others. */
  async #runSuspects(messages: readonly ReceivedMessage[]): Promise<readonly ReceivedMessage[]> {
    const others: ReceivedMessage[] = [];
    const suspects = messages.filter((message) => this.#suspects.has(message.messageId) || (others.push(message), false));
    if (suspects.length === 0) return messages;
    await this.#idle();
    for (const suspect of suspects) await this.#carry([suspect], () => this.#advanceSuspect(suspect));
    return others;
  }

  /** A suspect may take the whole time of the watchdog: who stops does not wait for one after the other. */
  async #advanceSuspect(suspect: ReceivedMessage): Promise<AdvanceResult> {
    const { signal, advanceSuspect } = this.#options;
    if (!signal.aborted) return advanceSuspect(suspect);
    return { acknowledge: [], giveBack: [{ receiptHandle: suspect.receiptHandle, seconds: 0 }] };
  }

  async #idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async #carry(messages: readonly ReceivedMessage[], advance: () => Promise<AdvanceResult>): Promise<void> {
    const { queue, failed } = this.#options;
    try {
      const { acknowledge, giveBack } = await advance();
      if (this.#suspects.size > 0) for (const { messageId } of messages) this.#suspects.delete(messageId);
      if (acknowledge.length > 0) await queue.delete(acknowledge);
      if (giveBack.length > 0) await queue.changeVisibility(giveBack);
    } catch (error) {
      const lost = error instanceof EngineLost;
      if (lost) for (const { messageId } of messages) this.#suspects.add(messageId);
      else failed(error);
      await queue.changeVisibility(messages.map(({ receiptHandle }) => ({ receiptHandle, seconds: lost ? 0 : FAULT_PAUSE_SECONDS })));
    }
  }
}
