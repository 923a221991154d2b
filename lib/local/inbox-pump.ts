import type { AdvanceResult } from '../engine/engine.ts';
import type { MessageQueue, ReceivedMessage } from '../ports/message-queue.ts';
import { EngineLost } from './engine-host.ts';

export interface PumpOptions {
  readonly queue: MessageQueue;
  readonly advance: (messages: readonly ReceivedMessage[]) => Promise<AdvanceResult>;
  readonly advanceSuspect: (message: ReceivedMessage) => Promise<AdvanceResult>;
  /** Batches in flight in the engine at a time. */
  readonly inFlightMax: number;
  readonly signal: AbortSignal;
  /** Receives each failure after which a batch is released to the queue. */
  readonly failed: (error: unknown) => void;
}

/** Messages in one batch, so that one turn of the event loop serves many instances. */
const BATCH = 128;
const WAIT_SECONDS = 20;
const VISIBILITY_SECONDS = 120;
/** Above the attempts after which the engine quarantines a marked message, so that the quarantine ends the loop. */
const SUSPECT_RUNS_MAX = 5;
/** A batch that runs no code of a process does not leave the turn of the event loop, so the pump leaves it after this time. */
const TURN_MS = 10;
/** Delay of a batch after a transient fault, such as a full disk. */
const FAULT_PAUSE_SECONDS = 5;

/**
 * Carries the messages of a queue to the engine and acknowledges the processed ones.
 *
 * Q1  The messages in flight in a lost engine become visible again at once. Each is a suspect until it is processed.
 * Q2  A suspect runs alone, so if the engine is lost again, the suspect is the cause. The engine runs the instances of the suspect one by
 *     one and marks each before. From the fourth attempt on it no longer runs that instance on the suspect.
 */
export class InboxPump {
  readonly #options: PumpOptions;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #suspects = new Set<string>();

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Resolves after `signal` has aborted, when no batch is in flight any more. */
  async run(): Promise<void> {
    const { queue, signal, advance, inFlightMax } = this.#options;
    for (let turned = performance.now(); !signal.aborted;) {
      if (performance.now() - turned > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turned = performance.now();
      }
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

  /** Runs the suspects among `messages`, one by one, and returns the others. */
  async #runSuspects(messages: readonly ReceivedMessage[]): Promise<readonly ReceivedMessage[]> {
    const others: ReceivedMessage[] = [];
    const suspects = messages.filter((message) => this.#suspects.has(message.messageId) || (others.push(message), false));
    if (suspects.length === 0) return messages;
    await this.#idle();
    for (const suspect of suspects) await this.#runSuspect(suspect);
    return others;
  }

  /** Runs the suspect until its effect is known: the next message may concern the same instance and have the same effect. */
  async #runSuspect(suspect: ReceivedMessage): Promise<void> {
    for (let runs = 0; runs < SUSPECT_RUNS_MAX && !this.#options.signal.aborted; runs += 1) {
      if (await this.#carry([suspect], () => this.#options.advanceSuspect(suspect))) return;
    }
    await this.#giveBack([suspect], 0);
  }

  async #idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Returns false only if the engine was lost. */
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
