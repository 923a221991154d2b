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
const BATCH = 128;
const WAIT_SECONDS = 20;
const VISIBILITY_SECONDS = 120;
/** More often than the engine runs a marked message, so that its quarantine is the end of it. */
const SUSPECT_RUNS_MAX = 5;
/** After a passing fault, such as a full disk, a batch is not tried again at once. */
const FAULT_PAUSE_SECONDS = 5;

/**
 * Carries the messages of a queue to the engine and acknowledges what is done.
 *
 * Q1  What a lost engine had in hand is visible again at once, and each of it is a suspect until it is done.
 * Q2  While a suspect runs, nothing else does: what runs when the engine is lost again is the cause. The engine runs the instances that
 *     the suspect concerns one by one, marks each before, and from the fourth time on does not run that instance on it any more.
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
    const carried = this.#carryOrSuspect(messages, advance).finally(() => this.#inFlight.delete(carried));
    this.#inFlight.add(carried);
  }

  async #carryOrSuspect(messages: readonly ReceivedMessage[], advance: () => Promise<AdvanceResult>): Promise<void> {
    if (await this.#carry(messages, advance)) return;
    for (const { messageId } of messages) this.#suspects.add(messageId);
    await this.#giveBack(messages, 0);
  }

  /** Runs the suspects among these, one by one, and returns the others. */
  async #runSuspects(messages: readonly ReceivedMessage[]): Promise<readonly ReceivedMessage[]> {
    const others: ReceivedMessage[] = [];
    const suspects = messages.filter((message) => this.#suspects.has(message.messageId) || (others.push(message), false));
    if (suspects.length === 0) return messages;
    await this.#idle();
    for (const suspect of suspects) await this.#runSuspect(suspect);
    return others;
  }

  /** Runs it until it is known what it does: what comes next may concern the same instance, and do the same. */
  async #runSuspect(suspect: ReceivedMessage): Promise<void> {
    for (let runs = 0; runs < SUSPECT_RUNS_MAX && !this.#options.signal.aborted; runs += 1) {
      if (await this.#carry([suspect], () => this.#options.advanceSuspect(suspect))) return;
    }
    await this.#giveBack([suspect], 0);
  }

  async #idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Returns whether the engine has answered, or has failed without being lost. */
  async #carry(messages: readonly ReceivedMessage[], advance: () => Promise<AdvanceResult>): Promise<boolean> {
    const { queue, failed } = this.#options;
    try {
      const { acknowledge, giveBack } = await advance();
      if (this.#suspects.size > 0) for (const { messageId } of messages) this.#suspects.delete(messageId);
      if (acknowledge.length > 0) await queue.delete(acknowledge);
      if (giveBack.length > 0) await queue.changeVisibility(giveBack);
    } catch (error) {
      if (error instanceof EngineLost) return false;
      failed(error);
      await this.#giveBack(messages, FAULT_PAUSE_SECONDS);
    }
    return true;
  }

  async #giveBack(messages: readonly ReceivedMessage[], seconds: number): Promise<void> {
    await this.#options.queue.changeVisibility(messages.map(({ receiptHandle }) => ({ receiptHandle, seconds })));
  }
}
