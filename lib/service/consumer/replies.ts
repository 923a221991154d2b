import type { CommandEnvelope, Outcome } from '../../contract/wire/envelope.ts';
import { lastErrorData, type LastError } from '../../contract/wire/last-error.ts';
import type { Json } from '../../contract/schema.ts';
import { wellFormed } from '../../contract/wire/thrown-text.ts';
import type { EventPublisher, OutgoingEvent, PublishResult } from '../../ports/event-publisher.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { buildReply, buildShortReply, replyEvent } from './reply.ts';
import type { Runs } from './run-limits.ts';
import type { ServedCommand } from '../served.ts';
import { TurnBatch } from './turn-batch.ts';

/** EventBridge accepts 10 entries in a call. */
const ENTRIES_MAX = 10;
/** Limits the reason of a command that was given up. */
const REASON_CHARACTERS_MAX = 2_000;
const NO_RUNS: Runs = { failures: 0 };
/** The error of a record that an older version wrote without `lastError`. */
const NO_RUN_LEFT: LastError = { code: 'EXHAUSTED', message: 'The retry limits of the command allow no more runs.' };

export interface ReplyDependencies {
  readonly service: string;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly clock: Clock;
}

/** Builds and publishes the replies of one service. */
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

  /** The command was never run, for technical reasons: the process may send it again under a new id. */
  poisoned(command: CommandEnvelope, reason: string): string {
    // The bus refuses an event that is too large, so a long reason would prevent the reply.
    const data = { type: 'POISON', message: wellFormed(reason.slice(0, REASON_CHARACTERS_MAX)), data: null };
    return buildShortReply(command, { service: this.#service, outcome: 'failed', retryable: true, data, time: this.#now() });
  }

  /** The retry limits are used up, and the command had no effect. */
  exhausted(command: CommandEnvelope, { failures, lastError = NO_RUN_LEFT }: Runs): string {
    const parts = { outcome: 'failed', retryable: true, attempts: failures, data: { ...lastErrorData(lastError) } } as const;
    return buildShortReply(command, { service: this.#service, ...parts, time: this.#now() });
  }

  /** The effect may have happened. */
  unknown(command: CommandEnvelope, { failures, lastError }: Runs): string {
    const data = lastError === undefined ? null : { ...lastErrorData(lastError) };
    return buildShortReply(command, { service: this.#service, outcome: 'unknown', attempts: failures, data, time: this.#now() });
  }

  /** A reply without data. */
  bare(command: CommandEnvelope, outcome: Outcome, { failures }: Runs = NO_RUNS): string {
    const runs = failures === 0 ? {} : { attempts: failures };
    return buildShortReply(command, { service: this.#service, outcome, ...runs, data: null, time: this.#now() });
  }

  publish(reply: string): Promise<PublishResult> {
    return this.#batch.add(replyEvent(reply));
  }

  /** Like `publish`, for a reply whose type is known, without parsing it. */
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
