import type { Clock } from '../../ports/clock.ts';
import type { IdempotencyStore } from '../../ports/idempotency-store.ts';
import type { MessageQueue } from '../../ports/message-queue.ts';
import { lease } from './command-record.ts';
import type { InFlight, ServiceNotice } from './in-flight.ts';
import { VISIBILITY_SECONDS_MAX } from './redelivery.ts';

/** After two missed heartbeats another worker may have received the message. */
const BEATS_MISSED_MAX = 2;
/** SQS accepts 10 entries in a call. */
const ENTRIES_MAX = 10;

export interface HeartbeatDependencies {
  readonly queue: MessageQueue;
  readonly store: IdempotencyStore;
  readonly clock: Clock;
  readonly inFlight: ReadonlySet<InFlight>;
  readonly visibilitySeconds: number;
  readonly leaseMs: number;
  readonly report: (notice: ServiceNotice) => void;
}

/** Extends the visibility timeouts and the leases of all messages in flight at once. */
export class Heartbeat {
  readonly #deps: HeartbeatDependencies;
  #beating: Promise<void> | undefined;

  constructor(dependencies: HeartbeatDependencies) {
    this.#deps = dependencies;
  }

  /**
   * The heartbeat in progress, if any. The consumer awaits it before it deletes or returns a message, because a late heartbeat would
   * overwrite the visibility timeout of a backoff. It never rejects.
   */
  get inProgress(): Promise<void> | undefined {
    return this.#beating;
  }

  async beat(): Promise<void> {
    if (this.#beating !== undefined) return this.#beating;
    const all = this.#owned();
    if (all.length === 0) return;
    this.#beating = Promise.all([this.#hide(all), ...all.map((flight) => this.#extend(flight))]).then(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  #owned(): readonly InFlight[] {
    const now = this.#deps.clock.now();
    const owned: InFlight[] = [];
    for (const flight of this.#deps.inFlight) {
      if (flight.lost) continue;
      // SQS hides a message for at most 12 hours after its receipt.
      if (now - flight.startedAt >= VISIBILITY_SECONDS_MAX * 1000) this.#lose(flight, 'it ran for 11 hours');
      else owned.push(flight);
    }
    return owned;
  }

  async #hide(flights: readonly InFlight[]): Promise<void> {
    const chunks: InFlight[][] = [];
    for (let from = 0; from < flights.length; from += ENTRIES_MAX) chunks.push(flights.slice(from, from + ENTRIES_MAX));
    await Promise.all(chunks.map((chunk) => this.#hideChunk(chunk)));
  }

  async #hideChunk(flights: readonly InFlight[]): Promise<void> {
    const refused = await this.#refused(flights);
    for (const flight of flights) {
      if (!refused.has(flight.message.receiptHandle)) flight.beatsMissed = 0;
      else if (++flight.beatsMissed >= BEATS_MISSED_MAX) this.#lose(flight, 'the queue no longer hides its message');
    }
  }

  async #refused(flights: readonly InFlight[]): Promise<ReadonlySet<string>> {
    const handles = flights.map((flight) => flight.message.receiptHandle);
    const seconds = this.#deps.visibilitySeconds;
    try {
      return new Set(await this.#deps.queue.changeVisibility(handles.map((receiptHandle) => ({ receiptHandle, seconds }))));
    } catch {
      // A failed call counts as a refusal: one missed heartbeat, and two lose the command.
      return new Set(handles);
    }
  }

  async #extend(flight: InFlight): Promise<void> {
    const { token, command, place } = flight;
    if (command === undefined) return;
    try {
      const until = this.#deps.clock.now() + this.#deps.leaseMs;
      // The place first: the lease of the command ends no later.
      const lapsed = (await place?.extend(until)) === false;
      // The run may have ended meanwhile, and needs no place any more.
      if (lapsed && flight.place === place) return this.#lose(flight, 'its place among the runs of its limit has lapsed');
      // A transaction holds a place, but no lease.
      if (token === '') return;
      const record = await this.#deps.store.read(command.id);
      const fenced = lease(record, token, until);
      // The handler has ended during the read, so the lease is not needed any more.
      if (flight.token !== token) return;
      if (fenced.kind === 'lost' || record === undefined) return this.#lose(flight, 'another worker has taken it over');
      const written = await this.#deps.store.write(command.id, fenced.write, record.revision);
      if (written.status === 'written') flight.revision = record.early === undefined ? record.revision + 1 : 0;
    } catch {
      // The store failed for now: the next heartbeat comes before the lease ends.
    }
  }

  #lose(flight: InFlight, why: string): void {
    flight.lose();
    const { messageId } = flight.message;
    const message = `A handler lost its command because ${why}.`;
    this.#deps.report(
      flight.command === undefined
        ? { kind: 'lease-lost', messageId, message }
        : { kind: 'lease-lost', messageId, commandId: flight.command.id, message },
    );
  }
}
