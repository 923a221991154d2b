import { system, type AnyEvent, type AnyProcess, type AnyService, type Json } from 'tutti';
import { MemoryEventPublisher, type PublishedEvent } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { CommandEnvelope, EventEnvelope, Outcome } from '../../lib/contract/envelope.ts';
import { Engine, sha256 } from '../../lib/engine/engine.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';

/** An engine over memory adapters, with its queues open to the test: what it sends is read, and answered, by hand. */
export class EngineRig {
  readonly clock = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
  readonly store = new MemoryProcessStore();
  readonly payloads = new MemoryPayloadStore();
  readonly parking = new MemoryParkingStore();
  readonly published: PublishedEvent[] = [];
  readonly engine: Engine;
  readonly #queues: ReadonlyMap<string, MemoryMessageQueue>;
  #ids = 0;

  constructor(processes: readonly AnyProcess[], services: readonly AnyService[], options: { readonly checks?: boolean } = {}) {
    const { clock } = this;
    const names = ['inbox', ...services.map((each) => (each['~'] as { readonly name: string }).name)];
    this.#queues = new Map(names.map((name) => [name, new MemoryMessageQueue({ name, clock })]));
    const publisher = new MemoryEventPublisher({ clock, rules: [] });
    publisher.subscribe((event) => this.published.push(event));
    this.engine = new Engine({
      system: system('trips', { processes, services }),
      frontEndOf,
      store: this.store,
      index: { due: () => Promise.resolve([]) },
      sender: new MemoryMessageSender(this.#queues),
      publisher,
      payloads: this.payloads,
      parking: this.parking,
      clock,
      random: () => 0.5,
      checks: options.checks ?? false,
    });
  }

  /** An event of the bus comes to the inbox. */
  happens(event: AnyEvent, data: Json, id = `e${(this.#ids += 1)}`, more: Partial<EventEnvelope> = {}): void {
    const [source = ''] = event.type.split('.');
    const detail = {
      specversion: '1.0',
      id,
      source,
      type: event.type,
      time: this.#time(),
      datacontenttype: 'application/json',
      hops: 0,
      data,
      ...more,
    };
    this.#queue('inbox').put(JSON.stringify({ detail }));
  }

  /** The service answers, with data of whatever size: above 100 KB it is referred to. */
  async answers(command: CommandEnvelope, outcome: Outcome, data: Json): Promise<void> {
    const text = JSON.stringify(data);
    const hash = sha256(text);
    const carried = text.length > 100 * 1024 ? { dataref: `payload:${hash}`, datahash: `sha256:${hash}` } : { data };
    await this.payloads.put(hash, text);
    const detail = {
      specversion: '1.0',
      id: `${command.id}:${outcome}`,
      source: command.type.slice(0, command.type.indexOf('.')),
      type: `${command.type}.${outcome}`,
      time: this.#time(),
      datacontenttype: 'application/json',
      commandid: command.id,
      commandhash: command.datahash,
      attempt: command.attempt,
      outcome,
      replyto: command.replyto,
      hops: 0,
      ...carried,
    };
    this.#queue('inbox').put(JSON.stringify({ detail }));
  }

  /** The engine takes what is in the inbox, as one batch, and again until nothing is left that is visible. */
  async advance(): Promise<void> {
    for (;;) {
      const inbox = this.#queue('inbox');
      const messages = await inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
      if (messages.length === 0) return;
      const { acknowledge, giveBack } = await this.engine.advance(messages);
      await inbox.delete(acknowledge);
      await inbox.changeVisibility(giveBack);
    }
  }

  /** As `advance`, but each batch meets an engine that has nothing warm. */
  async advanceCold(): Promise<void> {
    this.engine.forget();
    await this.advance();
  }

  /** Takes the commands out of a service's queue. */
  async commands(service: string): Promise<CommandEnvelope[]> {
    const queue = this.#queue(service);
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
    await queue.delete(messages.map((message) => message.receiptHandle));
    return messages.map((message) => JSON.parse(message.body) as CommandEnvelope);
  }

  async head(pid: string): Promise<Head | undefined> {
    const [head] = await this.store.load([pid]);
    return head;
  }

  #queue(name: string): MemoryMessageQueue {
    return this.#queues.get(name) as MemoryMessageQueue;
  }

  #time(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
