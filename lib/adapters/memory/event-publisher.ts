import assert from 'node:assert/strict';
import type { Clock } from '../../ports/clock.ts';
import type { EventPublisher, OutgoingEvent, PublishResult } from '../../ports/event-publisher.ts';
import { tooLong } from '../../contract/wire/wire.ts';
import type { MemoryMessageQueue } from './message-queue.ts';

/** EventBridge accepts at most 10 entries in a call. */
const PUBLISH_MAX = 10;

/** One rule of the bus: a queue and the events that go to it. */
export interface BusRule {
  /** `replyTo` is the `replyto` of the detail, if it has one. */
  readonly matches: (event: OutgoingEvent, replyTo: string | undefined) => boolean;
  readonly queue: MemoryMessageQueue;
}

/** An event as its subscribers see it. */
export interface PublishedEvent extends OutgoingEvent {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface BusOptions {
  readonly clock: Clock;
  /** An event goes to each queue once, however many rules match. */
  readonly rules: readonly BusRule[];
  /** Id of the next event. @default counts from 1 */
  readonly newId?: () => string;
  /** Resolves when the event survives a crash. Only then subscribers receive it. @default at once */
  readonly durable?: () => Promise<void>;
}

/** The bus. Queues receive the envelope of EventBridge around the detail, which is not parsed. */
export class MemoryEventPublisher implements EventPublisher {
  readonly #options: BusOptions;
  readonly #subscribers = new Set<(event: PublishedEvent) => void>();
  #count = 0;
  #timeAt = Number.NaN;
  #time = '';

  constructor(options: BusOptions) {
    this.#options = options;
  }

  /** Calls `receive` with every event from now on, in order; ends when the returned function is called. */
  subscribe(receive: (event: PublishedEvent) => void): () => void {
    this.#subscribers.add(receive);
    return () => this.#subscribers.delete(receive);
  }

  async publish(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]> {
    assert(events.length <= PUBLISH_MAX, `${events.length} events in one call: at most ${PUBLISH_MAX} are allowed`);
    return events.map((event) => this.#publishOne(event));
  }

  #publishOne(event: OutgoingEvent): PublishResult {
    const fault = tooLong('event', event.detail);
    if (fault !== undefined) return { status: 'failed', reason: fault };
    this.#count += 1;
    const id = this.#options.newId?.() ?? `event-${this.#count}`;
    const now = this.#options.clock.now();
    this.#route(event, id, now);
    if (this.#subscribers.size > 0) this.#tell({ source: event.source, type: event.type, detail: event.detail, id, time: now });
    return { status: 'published', eventId: id };
  }

  #route(event: OutgoingEvent, id: string, now: number): void {
    const replyTo = replyToOf(event.detail);
    let prefix: string | undefined;
    let last: MemoryMessageQueue | undefined;
    let others: Set<MemoryMessageQueue> | undefined;
    for (const rule of this.#options.rules) {
      if (rule.queue === last || others?.has(rule.queue) === true || !rule.matches(event, replyTo)) continue;
      if (last !== undefined) (others ??= new Set()).add(last);
      last = rule.queue;
      prefix ??= envelopePrefix(event, id, this.#isoTime(now));
      rule.queue.put(event.detail, 0, prefix);
    }
  }

  #tell(event: PublishedEvent): void {
    const durable = this.#options.durable;
    const subscribers = [...this.#subscribers];
    const tell = (): void => {
      for (const receive of subscribers) receive(event);
    };
    if (durable === undefined) tell();
    // If the log fails, no subscriber receives the event, as after a crash. The callers of `durable` get the failure.
    else void durable().then(tell, () => {});
  }

  /** EventBridge has times in whole seconds. */
  #isoTime(now: number): string {
    if (now === this.#timeAt) return this.#time;
    this.#timeAt = now;
    this.#time = `${new Date(now).toISOString().slice(0, 19)}Z`;
    return this.#time;
  }
}

/** The EventBridge envelope up to its detail. The detail and a closing brace follow. */
function envelopePrefix(event: OutgoingEvent, id: string, time: string): string {
  return (
    `{"version":"0","id":${JSON.stringify(id)},"detail-type":${JSON.stringify(event.type)},"source":${JSON.stringify(event.source)},` +
    `"account":"local","time":"${time}","region":"local","resources":[],"detail":`
  );
}

const REPLY_TO = '"replyto":"';

/**
 * The `replyto` of a detail. Our envelopes have their extensions before any nested value, so it is read without
 * parsing. If a nested value comes first, the detail is parsed.
 */
function replyToOf(detail: string): string | undefined {
  const at = detail.indexOf(REPLY_TO);
  if (at === -1 && !detail.includes('"replyto"')) return undefined;
  const from = at + REPLY_TO.length;
  const to = detail.indexOf('"', from);
  const value = detail.slice(from, to);
  if (at !== -1 && !nestedBefore(detail, at) && !value.includes('\\')) return value;
  return parsedReplyTo(detail);
}

function nestedBefore(detail: string, at: number): boolean {
  const open = detail.indexOf('{', detail.indexOf('{') + 1);
  return open !== -1 && open < at;
}

function parsedReplyTo(detail: string): string | undefined {
  try {
    const value: unknown = JSON.parse(detail);
    const replyTo = typeof value === 'object' && value !== null ? (value as { readonly replyto?: unknown }).replyto : undefined;
    return typeof replyTo === 'string' ? replyTo : undefined;
  } catch {
    return undefined;
  }
}
