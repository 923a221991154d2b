import type { CommandEnvelope, Outcome } from '../contract/envelope.ts';
import type { Json } from '../contract/schema.ts';
import { wellFormed } from '../contract/thrown-text.ts';
import type { EventPublisher, OutgoingEvent, PublishResult } from '../ports/event-publisher.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { Clock } from '../ports/clock.ts';
import { buildReply, buildShortReply, replyEvent } from './reply.ts';
import type { ServedCommand } from './served.ts';
import { TurnBatch } from './turn-batch.ts';

/** EventBridge takes 10 entries in a call. */
const ENTRIES_MAX = 10;
/** Of why a command was given up. */
const REASON_CHARACTERS_MAX = 2_000;

export interface ReplyDependencies {
  readonly service: string;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly clock: Clock;
}

/** Writes and publishes the replies of one service. */
export class Replies {
  readonly #service: string;
  readonly #payloads: PayloadStore;
  readonly #clock: Clock;
  readonly #batch: TurnBatch<OutgoingEvent, PublishResult>;
  #timeMs = Number.NaN;
  #timeText = '';

  constructor(dependencies: ReplyDependencies) {
    const { publisher } = dependencies;
    this.#service = dependencies.service;
    this.#payloads = dependencies.payloads;
    this.#clock = dependencies.clock;
    this.#batch = new TurnBatch(ENTRIES_MAX, (events) => publisher.publish(events));
  }

  completed(command: CommandEnvelope, served: ServedCommand, data: Json): string | Promise<string> {
    const { completedType: type, outputVersion: dataversion } = served;
    return buildReply(
      command,
      { service: this.#service, type, outcome: 'completed', data, dataversion, time: this.#now() },
      this.#payloads,
    );
  }

  failed(command: CommandEnvelope, data: Json): string | Promise<string> {
    return buildReply(command, { service: this.#service, outcome: 'failed', data, time: this.#now() }, this.#payloads);
  }

  /** Nothing has happened, for technical reasons: the process may try again under a new id. */
  poisoned(command: CommandEnvelope, reason: string): string {
    // A reason that is longer than the bus takes would never get there.
    const data = { type: 'POISON', message: wellFormed(reason.slice(0, REASON_CHARACTERS_MAX)), data: null };
    return buildShortReply(command, { service: this.#service, outcome: 'failed', retryable: true, data, time: this.#now() });
  }

  /** A reply without data. */
  bare(command: CommandEnvelope, outcome: Outcome): string {
    return buildShortReply(command, { service: this.#service, outcome, data: null, time: this.#now() });
  }

  publish(reply: string): Promise<PublishResult> {
    return this.#batch.add(replyEvent(reply));
  }

  /** The same, for a reply whose type is known and need not be read. */
  publishAs(type: string, reply: string): Promise<PublishResult> {
    return this.#batch.add({ source: this.#service, type, detail: reply });
  }

  #now(): string {
    const now = this.#clock.now();
    if (now !== this.#timeMs) {
      this.#timeMs = now;
      this.#timeText = new Date(now).toISOString();
    }
    return this.#timeText;
  }
}
