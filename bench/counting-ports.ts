/** Ports of the engine that count their calls, and the units that DynamoDB would charge for them. */
import type { EventPublisher, OutgoingEvent, PublishResult } from '../lib/ports/event-publisher.ts';
import type { DueInstance, InstanceFilter, InstanceIndex } from '../lib/ports/instance-index.ts';
import type { MessageSender, OutgoingMessage, SendResult } from '../lib/ports/message-sender.ts';
import type { ParkedEvent, ParkingStore } from '../lib/ports/parking-store.ts';
import type { Author, PayloadStore } from '../lib/ports/payload-store.ts';
import type {
  BufferResult,
  CommitResult,
  EarlyEvent,
  CommitCondition,
  Head,
  JournalChunk,
  ProcessStore,
} from '../lib/ports/process-store.ts';
import { encodeChunk } from '../lib/adapters/dynamodb/chunk-item.ts';
import { HOLDS_PID } from '../lib/contract/holds.ts';
import { encodeHeadItem, type HeadItem } from '../lib/adapters/dynamodb/head-item.ts';
import { encodePayload } from '../lib/adapters/dynamodb/payload-item.ts';
import { indexWrites, itemBytes, readUnits, writeUnits } from '../lib/adapters/dynamodb/item-units.ts';

/** Calls by kind, and units. `writeUnits` does not include index writes. */
export interface Counts {
  loads: number;
  queries: number;
  commits: number;
  conflicts: number;
  buffers: number;
  spills: number;
  payloadPuts: number;
  payloadGets: number;
  parks: number;
  indexQueries: number;
  sends: number;
  publishes: number;
  /** Calls beyond one per ten messages to one target, summed over all batches. */
  needlessSends: number;
  writeUnits: number;
  readUnits: number;
  /** Of `readUnits`: for heads that a read of several did not find. DynamoDB charges them (BatchGetItem, API reference), DynamoDB Local does not. */
  missingUnits: number;
  indexWrites: number;
}

export const noCounts = (): Counts => ({
  loads: 0,
  queries: 0,
  commits: 0,
  conflicts: 0,
  buffers: 0,
  spills: 0,
  payloadPuts: 0,
  payloadGets: 0,
  parks: 0,
  indexQueries: 0,
  sends: 0,
  publishes: 0,
  needlessSends: 0,
  writeUnits: 0,
  readUnits: 0,
  missingUnits: 0,
  indexWrites: 0,
});

/** Store calls that one event waits for: reads and the commit. Write-ahead items are apart, since most events have none. */
export const decisionCalls = (counts: Counts): number => counts.loads + counts.queries + counts.payloadGets + counts.commits;

export const storeCalls = (counts: Counts): number => decisionCalls(counts) + counts.spills + counts.payloadPuts + counts.buffers;

export class CountingProcessStore implements ProcessStore {
  readonly #inner: ProcessStore;
  readonly #counts: Counts;
  /** The last image of each head, with its size as an item. */
  readonly #written = new Map<string, { readonly head: Head; readonly bytes: number }>();

  constructor(inner: ProcessStore, counts: Counts) {
    this.#inner = inner;
    this.#counts = counts;
  }

  async load(pids: readonly string[], options: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]> {
    // A worker reads its copy of the holds every ten seconds, beside its batch.
    if (pids.length > 1 || pids[0] !== HOLDS_PID) this.#counts.loads += 1;
    const factor = options.consistent ? 1 : 0.5;
    for (const pid of pids) {
      const bytes = this.#written.get(pid)?.bytes;
      this.#counts.readUnits += readUnits(bytes ?? 0) * factor;
      if (bytes === undefined && pids.length > 1) this.#counts.missingUnits += readUnits(0) * factor;
    }
    return this.#inner.load(pids, options);
  }

  async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    const bytes = itemBytes(encodeHeadItem(head));
    const before = this.#written.get(head.pid);
    this.#counts.commits += 1;
    this.#counts.writeUnits += writeUnits(bytes, before?.bytes);
    const result = await this.#inner.commit(head, expected);
    if (result.status === 'conflict') this.#counts.conflicts += 1;
    else {
      this.#counts.indexWrites += indexWrites(head, before?.head);
      this.#written.set(head.pid, { head, bytes });
    }
    return result;
  }

  async buffer(event: EarlyEvent): Promise<BufferResult> {
    this.#counts.buffers += 1;
    const result = await this.#inner.buffer(event);
    const [head] = await this.#inner.load([event.pid], { consistent: true });
    if (head) {
      const before = this.#written.get(event.pid);
      const bytes = itemBytes(encodeHeadItem(head));
      this.#counts.writeUnits += writeUnits(bytes, before?.bytes);
      this.#counts.indexWrites += indexWrites(head, before?.head);
      this.#written.set(event.pid, { head, bytes });
    }
    return result;
  }

  spill(chunk: JournalChunk): Promise<void> {
    this.#counts.spills += 1;
    this.#counts.writeUnits += writeUnits(itemBytes(encodeChunk(chunk)));
    return this.#inner.spill(chunk);
  }

  /** One Query: a journal of 50,000 entries does not reach the page size of 1 MB. */
  async chunks(pid: string, run: string): Promise<readonly JournalChunk[]> {
    const chunks = await this.#inner.chunks(pid, run);
    this.#counts.queries += 1;
    this.#counts.readUnits += readUnits(chunks.reduce((bytes, chunk) => bytes + itemBytes(encodeChunk(chunk)), 0));
    return chunks;
  }
}

export class CountingPayloadStore implements PayloadStore {
  readonly #inner: PayloadStore;
  readonly #counts: Counts;

  constructor(inner: PayloadStore, counts: Counts) {
    this.#inner = inner;
    this.#counts = counts;
  }

  put(pid: string, hash: string, json: string): Promise<void> {
    this.#counts.payloadPuts += 1;
    this.#counts.writeUnits += writeUnits(itemBytes(this.#itemOf(pid, hash, json)));
    return this.#inner.put(pid, hash, json);
  }

  async get(pid: string, hash: string): Promise<string | undefined> {
    const json = await this.#inner.get(pid, hash);
    this.#counts.payloadGets += 1;
    this.#counts.readUnits += readUnits(json === undefined ? 0 : itemBytes(this.#itemOf(pid, hash, json)));
    return json;
  }

  reference(pid: string, hash: string): string {
    return this.#inner.reference(pid, hash);
  }

  /** A read of the bucket, which takes no unit of the table. */
  isOf(reference: string, author: Author): boolean {
    return this.#inner.isOf(reference, author);
  }

  fetch(reference: string): Promise<string | undefined> {
    this.#counts.payloadGets += 1;
    return this.#inner.fetch(reference);
  }

  #itemOf(pid: string, hash: string, json: string): HeadItem {
    return encodePayload(pid, hash, json, () => this.reference(pid, hash));
  }
}

/** SQS and EventBridge accept this many messages in a call. */
const BATCH_MAX = 10;

/** Calls and messages of one engine batch, by target. One call per ten messages is necessary. */
export class SendsOfBatch {
  readonly #targets = new Map<string, { calls: number; messages: number }>();

  count(target: string, messages: number): void {
    const known = this.#targets.get(target);
    if (!known) this.#targets.set(target, { calls: 1, messages });
    else {
      known.calls += 1;
      known.messages += messages;
    }
  }

  /** Ends the batch. Returns the number of unnecessary calls. */
  end(): number {
    let needless = 0;
    for (const { calls, messages } of this.#targets.values()) needless += calls - Math.ceil(messages / BATCH_MAX);
    this.#targets.clear();
    return needless;
  }
}

export class CountingMessageSender implements MessageSender {
  readonly #inner: MessageSender;
  readonly #counts: Counts;
  readonly #batch: SendsOfBatch;

  constructor(inner: MessageSender, counts: Counts, batch: SendsOfBatch) {
    this.#inner = inner;
    this.#counts = counts;
    this.#batch = batch;
  }

  send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    this.#counts.sends += 1;
    this.#batch.count(queue, messages.length);
    return this.#inner.send(queue, messages);
  }
}

export class CountingEventPublisher implements EventPublisher {
  readonly #inner: EventPublisher;
  readonly #counts: Counts;
  readonly #batch: SendsOfBatch;

  constructor(inner: EventPublisher, counts: Counts, batch: SendsOfBatch) {
    this.#inner = inner;
    this.#counts = counts;
    this.#batch = batch;
  }

  publish(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]> {
    this.#counts.publishes += 1;
    this.#batch.count('the bus', events.length);
    return this.#inner.publish(events);
  }
}

export class CountingParkingStore implements ParkingStore {
  readonly #inner: ParkingStore;
  readonly #counts: Counts;

  constructor(inner: ParkingStore, counts: Counts) {
    this.#inner = inner;
    this.#counts = counts;
  }

  park(event: ParkedEvent): Promise<void> {
    this.#counts.parks += 1;
    return this.#inner.park(event);
  }

  parked(pid: string): Promise<readonly ParkedEvent[]> {
    this.#counts.parks += 1;
    return this.#inner.parked(pid);
  }

  redriven(...mark: Parameters<ParkingStore['redriven']>): Promise<void> {
    this.#counts.parks += 1;
    return this.#inner.redriven(...mark);
  }

  discarded(...mark: Parameters<ParkingStore['discarded']>): Promise<void> {
    this.#counts.parks += 1;
    return this.#inner.discarded(...mark);
  }

  attempt(messageId: string, change: 1 | -1): Promise<number> {
    this.#counts.parks += 1;
    return this.#inner.attempt(messageId, change);
  }
}

export class CountingInstanceIndex implements InstanceIndex {
  readonly #inner: InstanceIndex;
  readonly #counts: Counts;

  constructor(inner: InstanceIndex, counts: Counts) {
    this.#inner = inner;
    this.#counts = counts;
  }

  list(filter: InstanceFilter): AsyncIterable<Head> {
    this.#counts.indexQueries += 1;
    return this.#inner.list(filter);
  }

  tenants(): Promise<readonly string[]> {
    this.#counts.indexQueries += 1;
    return this.#inner.tenants();
  }

  due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]> {
    this.#counts.indexQueries += 1;
    return this.#inner.due(instant, limit, after);
  }
}
