import assert from 'node:assert/strict';
import {
  PutEventsCommand,
  type EventBridgeClient,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import type { EventPublisher, OutgoingEvent, PublishResult } from '../../ports/event-publisher.ts';
import { tooLong } from '../../contract/wire/wire.ts';

/** EventBridge accepts 10 entries in a call. */
const ENTRIES_MAX = 10;
/** Limit of all entries of a call together. AWS has raised it, but older regions and emulators have not. */
const CALL_BYTES_MAX = 262_144;

export interface EventBridgeEventPublisherOptions {
  readonly client: EventBridgeClient;
  readonly busName: string;
}

/**
 * Puts events on one bus of EventBridge: one PutEvents per call, more only if the entries are too large together. It never
 * throws: if EventBridge cannot be reached, each event has failed.
 */
export class EventBridgeEventPublisher implements EventPublisher {
  readonly #client: EventBridgeClient;
  readonly #busName: string;

  constructor(options: EventBridgeEventPublisherOptions) {
    this.#client = options.client;
    this.#busName = options.busName;
  }

  async publish(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]> {
    assert(events.length <= ENTRIES_MAX, `${events.length} events in one call: at most ${ENTRIES_MAX} are allowed`);
    const results: PublishResult[] = events.map(({ detail }) => ({ status: 'failed', reason: tooLong('event', detail) ?? '' }));
    await Promise.all(
      callsOf(events).map(async (indices) => {
        const answers = await this.#put(indices.map((index) => events[index] as OutgoingEvent));
        for (const [at, index] of indices.entries()) results[index] = answers[at] as PublishResult;
      }),
    );
    return results;
  }

  async #put(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]> {
    try {
      const { Entries } = await this.#client.send(new PutEventsCommand({ Entries: events.map((event) => this.#entry(event)) }));
      return events.map((_, index) => resultOf(Entries?.[index]));
    } catch (error) {
      return events.map(() => ({ status: 'failed', reason: String(error) }));
    }
  }

  #entry({ source, type, detail }: OutgoingEvent): PutEventsRequestEntry {
    return { EventBusName: this.#busName, Source: source, DetailType: type, Detail: detail };
  }
}

/** The batches of events, by position, without events that are too large alone. */
function callsOf(events: readonly OutgoingEvent[]): readonly (readonly number[])[] {
  const calls: number[][] = [];
  let bytes = Infinity;
  for (const [index, { source, type, detail }] of events.entries()) {
    if (tooLong('event', detail) !== undefined) continue;
    const size = source.length + type.length + detail.length;
    if (bytes + size > CALL_BYTES_MAX) {
      calls.push([]);
      bytes = 0;
    }
    bytes += size;
    (calls.at(-1) as number[]).push(index);
  }
  return calls;
}

/** PutEvents returns 200 even if entries failed. Results are in the order of the entries. */
function resultOf(entry: PutEventsResultEntry | undefined): PublishResult {
  if (entry === undefined) return { status: 'failed', reason: 'EventBridge did not say what became of the event.' };
  const { EventId, ErrorCode, ErrorMessage } = entry;
  if (EventId !== undefined && ErrorCode === undefined) return { status: 'published', eventId: EventId };
  return { status: 'failed', reason: ErrorMessage === undefined ? String(ErrorCode) : `${ErrorCode}: ${ErrorMessage}` };
}
