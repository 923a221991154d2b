import { STEPS } from '../../../lib/contract/steps.ts';
import { MemoryIdempotencyStore } from '../../../lib/adapters/memory/idempotency-store.ts';
import { MemoryParkingStore } from '../../../lib/adapters/memory/parking-store.ts';
import { MemoryReplyKeys } from '../../../lib/adapters/memory/reply-keys.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { chunkGroup, chunkKey, MemoryProcessStore } from '../../../lib/adapters/memory/process-store.ts';
import { MemoryRetirementStore } from '../../../lib/adapters/memory/retirement-store.ts';
import { MemoryTable } from '../../../lib/adapters/memory/table.ts';
import type { SystemContract } from '../../../lib/contract/runtime-contract.ts';
import { HOT_LANE, INBOX, OPERATIONS, STARTS } from '../../../lib/format/inbox-message.ts';
import type { EventPublisher, OutgoingEvent, PublishResult } from '../../../lib/ports/event-publisher.ts';
import type { IdempotencyStore } from '../../../lib/ports/idempotency-store.ts';
import type { MessageSender, SendResult } from '../../../lib/ports/message-sender.ts';
import type { ParkedList } from '../../../lib/ports/parked-list.ts';
import type { ParkedEvent, ParkingStore } from '../../../lib/ports/parking-store.ts';
import type { Head, JournalChunk, ProcessStore } from '../../../lib/ports/process-store.ts';
import type { RetirementStore } from '../../../lib/ports/retirement-store.ts';
import type { Choices } from './choices.ts';
import type { Faults } from './faults.ts';
import { contradiction, Contradictions, invalidAnswer } from './invalid-answer.ts';
import { LaggingIndex } from './lagging-index.ts';
import type { Observer } from './observer.ts';
import { SimulatedQueue } from './simulated-queue.ts';
import { watchedStore } from './watched-served.ts';

export const ACCOUNT = '000000000000';
/** Our own limit of a message and an event. */
const BODY_CHARACTERS_MAX = 204_800;
const INDEX_LAG_MS = 600_000;
const BUS_DELAY_SECONDS = 600;
/** Images of one head that a stale read may show. */
const IMAGES_MAX = 4;
/** How long an invalid answer may come after the valid one. */
const CONTRADICTED_SECONDS = [0, 0, 5, 300] as const;

export interface CloudOptions {
  readonly system: SystemContract;
  readonly now: () => number;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly observer: Observer;
  /** Deliveries before a message moves to the dead-letter queue. */
  readonly maxReceiveCount: number;
  /** The same for the queues of services. @default as many */
  readonly serviceReceivesMax?: number;
  /** The instant until which a head is marked as hot when it is written, in place of the one that its writer sets. */
  readonly heated: () => number | undefined;
}

/** The content of the table at one instant. */
export interface Snapshot {
  readonly heads: readonly Head[];
  readonly chunks: readonly JournalChunk[];
  readonly parked: readonly ParkedEvent[];
}

/** The queues of the engine; each other queue belongs to a service. */
export const ENGINE_QUEUES: readonly string[] = [INBOX, STARTS, OPERATIONS, HOT_LANE];

/** The resources of a deployment in their true state. The ports of a worker may show it something else. */
export class Cloud {
  readonly index: LaggingIndex;
  readonly store: ProcessStore;
  readonly parking: ParkingStore & ParkedList;
  readonly retirement: RetirementStore;
  readonly payloads = new MemoryPayloadStore();
  readonly records: IdempotencyStore;
  readonly replyKeys = new MemoryReplyKeys();
  readonly queues = new Map<string, SimulatedQueue>();
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  /** The worker whose call is in flight; nothing else runs meanwhile. */
  actor = '';
  readonly #options: CloudOptions;
  readonly #heads = new MemoryTable<string, Head>();
  readonly #chunks = new MemoryTable<string, JournalChunk>(chunkGroup);
  readonly #parked = new MemoryTable<string, ParkedEvent>((event: ParkedEvent) => event.pid);
  /** The last images of each head, for reads that need not be consistent. */
  readonly #older = new Map<string, (Head | undefined)[]>();
  #system: SystemContract;
  readonly #contradictions = new Contradictions();
  #ids = 0;

  constructor(options: CloudOptions) {
    this.#options = options;
    this.#system = options.system;
    const { now, faults, choices, observer } = options;
    this.index = new LaggingIndex(now, () => (faults.strikes('index-lag') ? choices.below(INDEX_LAG_MS) : 0));
    this.records = watchedStore(new MemoryIdempotencyStore(), observer, () => this.actor);
    // A fixed key, so that a seed always makes the same bytes.
    void this.replyKeys.add({ id: 'simulate', secret: 'simulated', since: 0 }, undefined);
    this.store = this.#observedStore();
    this.parking = this.#observedParking();
    this.retirement = this.#observedRetirement();
    for (const name of [...ENGINE_QUEUES, ...options.system.services.keys()]) this.#openQueue(name);
    this.sender = { send: async (queue, messages) => messages.map(({ body, delaySeconds }) => this.#put(queue, body, delaySeconds)) };
    this.publisher = { publish: async (events) => events.map((event) => this.#publish(event, observer)) };
  }

  head(pid: string): Head | undefined {
    return this.#heads.get(pid);
  }

  /** The images that a read that need not be consistent may return. */
  older(pid: string): readonly (Head | undefined)[] {
    return this.#older.get(pid) ?? [];
  }

  heads(): IterableIterator<Head> {
    return this.#heads.resident();
  }

  /** The parked events that were not sent back yet. */
  parkedEvents(): readonly ParkedEvent[] {
    return [...this.#parked.resident()].filter(({ redrivenAt }) => redrivenAt === undefined);
  }

  queue(name: string): SimulatedQueue {
    return this.queues.get(name) as SimulatedQueue;
  }

  /** The rules of the bus are those of the newest build. */
  deploy(system: SystemContract): void {
    this.#system = system;
  }

  snapshot(): Snapshot {
    return { heads: [...this.#heads.resident()], chunks: [...this.#chunks.resident()], parked: [...this.#parked.resident()] };
  }

  /** Sets the table back to an earlier instant; queues, bus and the services' own tables stay as they are. */
  restore({ heads, chunks, parked }: Snapshot): void {
    const now = new Set(this.#heads.resident());
    const pids = new Set<string>();
    for (const head of heads) if (!now.has(head)) pids.add(head.pid);
    const kept = new Set(heads.map(({ pid }) => pid));
    for (const { pid } of now) if (!kept.has(pid)) pids.add(pid);
    refill(this.#heads, heads, ({ pid }) => pid);
    refill(this.#chunks, chunks, chunkKey);
    refill(this.#parked, parked, ({ pid, id }) => `${pid.length};${pid}/${id}`);
    for (const pid of pids) {
      this.index.removed(pid);
      const head = this.#heads.get(pid);
      if (head) this.index.written(head);
    }
    this.#options.observer.restored(
      [...pids].map((pid) => this.#heads.get(pid)),
      [...pids],
    );
  }

  #openQueue(name: string): void {
    const { now, choices, faults, observer, serviceReceivesMax } = this.#options;
    const { maxReceiveCount: most } = this.#options;
    const maxReceiveCount = ENGINE_QUEUES.includes(name) ? most : (serviceReceivesMax ?? most);
    const shared = {
      now,
      choices,
      faults,
      newId: () => `m${String((this.#ids += 1)).padStart(6, '0')}`,
      accepted: (queue: string, body: string, messageId: string) => observer.accepted(queue, body, messageId),
      received: (queue: string, body: string, messageId: string) => observer.received(queue, body, messageId),
      deleting: (queue: string, body: string, messageId: string) => observer.deleting(queue, body, messageId),
    };
    const deadLetter = new SimulatedQueue({ ...shared, name: `${name}-dead-letter` });
    this.queues.set(deadLetter.name, deadLetter);
    this.queues.set(name, new SimulatedQueue({ ...shared, name, deadLetter, maxReceiveCount }));
  }

  #put(queue: string, body: string, delaySeconds: number | undefined): SendResult {
    const target = this.queues.get(queue);
    if (target === undefined) return { status: 'failed', senderFault: true, reason: `There is no queue ${queue}.` };
    if (body.length > BODY_CHARACTERS_MAX) return { status: 'failed', senderFault: true, reason: 'The message is too long.' };
    return { status: 'sent', messageId: target.put(body, delaySeconds) };
  }

  #publish(event: OutgoingEvent, observer: Observer): PublishResult {
    if (event.detail.length > BODY_CHARACTERS_MAX) return { status: 'failed', reason: 'The event is too long.' };
    const id = `e${String((this.#ids += 1)).padStart(6, '0')}`;
    observer.published(event);
    // The output of a step has no schema, so no value contradicts one.
    const invalid = event.source === STEPS ? undefined : invalidAnswer(event);
    const contradicts = invalid !== undefined && this.#options.faults.strikes('invalid-reply');
    // A half of the invalid answers come after the valid one. An eighth of all is valid in place of that, and contradicts it.
    const drawn = contradicts ? this.#options.choices.below(8) : 7;
    const after = drawn < 4;
    const opposite = drawn === 3 ? contradiction(event) : undefined;
    if (contradicts && !after) this.#deliver(invalid, `${id}i`);
    if (this.#isHeard(event)) this.#deliver(event, id);
    // A restored table has forgotten which answer was first.
    if (opposite && !this.#options.faults.has('restore')) this.#contradictions.add(opposite);
    else if (contradicts && after) this.#deliver(invalid, `${id}i`, this.#options.choices.one(CONTRADICTED_SECONDS));
    return { status: 'published', eventId: id };
  }

  /** EventBridge delivers at least once, at any time within a day. */
  #deliver(event: OutgoingEvent, id: string, laterSeconds = 0): void {
    const { now, faults, choices } = this.#options;
    const head = { version: '0', id, 'detail-type': event.type, source: event.source, account: ACCOUNT };
    const rest = { time: `${new Date(now()).toISOString().slice(0, 19)}Z`, region: 'local', resources: [] };
    const body = `${JSON.stringify({ ...head, ...rest }).slice(0, -1)},"detail":${event.detail}}`;
    const delay = (): number => (faults.strikes('delay') ? choices.below(BUS_DELAY_SECONDS) : 0);
    this.queue(INBOX).put(body, laterSeconds + delay());
    if (faults.strikes('bus-duplicate')) this.queue(INBOX).put(body, delay());
  }

  #isHeard({ type, detail }: OutgoingEvent): boolean {
    for (const versions of this.#system.processes.values())
      for (const process of versions)
        for (const { event } of [...process.startOn, ...process.receives]) if (event.type === type) return true;
    return (JSON.parse(detail) as { readonly replyto?: string }).replyto === this.#system.name;
  }

  #observedStore(): ProcessStore {
    const { observer } = this.#options;
    const inner = new MemoryProcessStore({
      heads: this.#heads,
      chunks: this.#chunks,
      written: (head, previous) => {
        this.index.written(head);
        this.#remember(head.pid, previous);
        observer.committed(head, previous, this.actor);
        for (const event of this.#contradictions.due(head))
          this.#deliver(event, `e${String((this.#ids += 1)).padStart(6, '0')}`, this.#options.choices.one(CONTRADICTED_SECONDS));
      },
    });
    return {
      load: (pids) => inner.load(pids),
      commit: (head, expected) => inner.commit(this.#heated(head), expected),
      buffer: (event) => inner.buffer(event),
      spill: (chunk) => {
        observer.spilled(chunk);
        return inner.spill(chunk);
      },
      chunks: (pid, run) => inner.chunks(pid, run),
    };
  }

  #heated(head: Head): Head {
    if (head.status === 'early') return head;
    const hotUntil = this.#options.heated();
    return hotUntil === undefined ? head : { ...head, hotUntil };
  }

  #remember(pid: string, image: Head | undefined): void {
    const images = this.#older.get(pid) ?? [];
    this.#older.set(pid, [...images.slice(1 - IMAGES_MAX), image]);
  }

  #observedRetirement(): RetirementStore {
    const inner = new MemoryRetirementStore({ heads: this.#heads, chunks: this.#chunks });
    return {
      closed: (tenant, instant, limit) => inner.closed(tenant, instant, limit),
      retire: async (pid, version, expiresAt) => {
        const head = this.#heads.get(pid);
        const isRetired = await inner.retire(pid, version, expiresAt);
        if (isRetired) this.#isGone(pid, head);
        return isRetired;
      },
    };
  }

  #isGone(pid: string, head: Head | undefined): void {
    this.index.removed(pid);
    this.#remember(pid, head);
    this.#options.observer.retired(pid);
  }

  #observedParking(): ParkingStore & ParkedList {
    const { observer } = this.#options;
    const inner = new MemoryParkingStore({ parked: this.#parked, attempts: new MemoryTable() });
    return {
      park: (event) => {
        observer.parked(event);
        return inner.park(event);
      },
      parked: (pid, ids) => inner.parked(pid, ids),
      redriven: (pid, ids, at) => inner.redriven(pid, ids, at),
      discarded: (pid, ids, discarded) => inner.discarded(pid, ids, discarded),
      list: (filter, max, after) => inner.list(filter, max, after),
      attempt: (messageId, change) => inner.attempt(messageId, change),
    };
  }
}

const refill = <Value>(table: MemoryTable<string, Value>, values: readonly Value[], keyOf: (value: Value) => string): void => {
  for (const value of table.resident()) table.delete(keyOf(value));
  for (const value of values) table.set(keyOf(value), value);
};
