import { system, type AnyEvent, type AnyProcess, type AnyService, type Json } from 'tutti';
import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { MemoryProcessStore, memoryProcessTables, type ProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { Engine, AdvanceOptions, AdvanceResult, EngineNotice } from '../../lib/engine/engine.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import type { EventPublisher } from '../../lib/ports/event-publisher.ts';
import type { MessageSender, OutgoingMessage } from '../../lib/ports/message-sender.ts';
import type { CommitResult, CommitCondition, Head } from '../../lib/ports/process-store.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';

/** A worker that waits between two attempts goes on at once, later. */
class PausingClock extends VirtualClock {
  override async sleep(milliseconds: number): Promise<void> {
    this.advance(milliseconds);
  }
}

/** A store before each of whose commits something else may happen. */
class ContendedStore extends MemoryProcessStore {
  commits = 0;
  loads = 0;
  /** Runs before the next commit, and before no commit that it makes itself. */
  before: (() => Promise<void>) | undefined;

  override load(pids: readonly string[]): Promise<readonly (Head | undefined)[]> {
    this.loads += 1;
    return super.load(pids);
  }

  override async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    this.commits += 1;
    const { before } = this;
    if (before) {
      this.before = undefined;
      await before();
    }
    return super.commit(head, expected);
  }
}

/** Engines of several environments over one store, with an inbox and a hot lane. */
export class HotLaneRig {
  readonly clock = new PausingClock(Date.parse('2026-01-01T00:00:00.000Z'));
  readonly tables: ProcessTables = memoryProcessTables();
  readonly store = new ContendedStore(this.tables);
  readonly parking = new MemoryParkingStore();
  readonly notices: EngineNotice[] = [];
  readonly published: unknown[] = [];
  readonly forwarded: OutgoingMessage[] = [];
  /** Queues and `bus` that accept nothing. */
  readonly broken = new Set<string>();
  readonly #payloads = new MemoryPayloadStore();
  readonly #publisher = new MemoryEventPublisher({ clock: this.clock, rules: [] });
  readonly #queues: ReadonlyMap<string, MemoryMessageQueue>;
  readonly #processes: readonly AnyProcess[];
  readonly #services: readonly AnyService[];
  #ids = 0;
  #engines = 0;

  constructor(processes: readonly AnyProcess[], services: readonly AnyService[]) {
    this.#processes = processes;
    this.#services = services;
    const names = ['inbox', 'hot-lane', ...services.map((each) => (each['~'] as { readonly name: string }).name)];
    let number = 0;
    const { clock } = this;
    this.#queues = new Map(names.map((name) => [name, new MemoryMessageQueue({ name, clock, nextNumber: () => (number += 1) })]));
    this.#publisher.subscribe(({ detail }) => this.published.push((JSON.parse(detail) as { readonly data: unknown }).data));
  }

  /** A new environment. */
  engine(hotLane = true): Engine {
    const random = 0.5 + (this.#engines += 1) / 1000;
    const sender = new MemoryMessageSender(this.#queues);
    const failing: MessageSender = {
      send: async (queue, messages) => {
        if (this.broken.has(queue)) throw new TypeError(`there is no ${queue}`);
        if (queue === 'hot-lane') this.forwarded.push(...messages);
        return sender.send(queue, messages);
      },
    };
    const publisher: EventPublisher = {
      publish: async (events) => {
        if (this.broken.has('bus')) throw new TypeError('there is no bus');
        return this.#publisher.publish(events);
      },
    };
    return memoryEngine({
      system: system('trips', { processes: this.#processes, services: this.#services }),
      ports: { store: this.store, sender: failing, publisher, payloads: this.#payloads, parking: this.parking },
      clock: this.clock,
      // Environments that draw the same numbers would take one another's writes for their own.
      random: () => random,
      hotLane,
      onNotice: (notice) => void this.notices.push(notice),
    });
  }

  queue(name: string): MemoryMessageQueue {
    return this.#queues.get(name) as MemoryMessageQueue;
  }

  /** An event comes to the inbox. */
  happens(event: AnyEvent, data: Json, id = `e${(this.#ids += 1)}`): void {
    const [source = ''] = event.type.split('.');
    const time = new Date(this.clock.now()).toISOString();
    const detail = { specversion: '1.0', id, source, type: event.type, time, datacontenttype: 'application/json', hops: 0, data };
    this.queue('inbox').put(JSON.stringify({ detail }));
  }

  /** An engine takes a batch and settles it. */
  async batch(engine: Engine, name: 'inbox' | 'hot-lane' = 'inbox', options: AdvanceOptions = {}): Promise<AdvanceResult> {
    const queue = this.queue(name);
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
    const result = await engine.advance(messages, { lane: name === 'hot-lane', ...options });
    await queue.delete(result.acknowledge);
    await queue.changeVisibility(result.giveBack);
    return result;
  }

  /** Before each of the next `times` commits another environment applies an event that `happens` tells. */
  contend(times: number, happens: () => void): void {
    const other = this.engine(false);
    let left = times;
    const meet = async (): Promise<void> => {
      happens();
      await this.batch(other);
      left -= 1;
      if (left > 0) this.store.before = meet;
    };
    this.store.before = meet;
  }

  /** Takes the commands out of a service's queue. */
  async commands(service: string): Promise<CommandEnvelope[]> {
    const queue = this.queue(service);
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
    await queue.delete(messages.map((message) => message.receiptHandle));
    return messages.map((message) => JSON.parse(message.body) as CommandEnvelope);
  }

  async head(pid: string): Promise<Head> {
    const [head] = await this.store.load([pid]);
    return head as Head;
  }

  /** The events that the instance has received, by id. */
  async heard(pid: string): Promise<string[]> {
    const head = await this.head(pid);
    const entries = (await journalTexts(this.store, head)).map(parseEntry);
    return entries.flatMap((entry) => (entry.type === 'EventReceived' || entry.type === 'ProcessStarted' ? [entry.id] : []));
  }
}
