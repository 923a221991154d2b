import { expect } from 'vitest';
import { system, type AnyEvent, type AnyProcess, type AnyService, type Json } from 'tutti';
import { MemoryEventPublisher, type PublishedEvent } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import type { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { CommandEnvelope, EventEnvelope, Outcome, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { parseCommandId } from '../../lib/contract/wire/process-id.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { LiveSpans, type LiveSpansOptions } from '../../lib/client/trace/live-spans.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import { drainDeadLetters } from '../../lib/engine/jobs/drain-dead-letters.ts';
import type { AdvanceResult, Engine, EngineNotice, EngineOptions } from '../../lib/engine/engine.ts';
import { type OperationMessage, inboxBody, sha256 } from '../../lib/format/inbox-message.ts';
import type { EventPublisher } from '../../lib/ports/event-publisher.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { MessageSender, OutgoingMessage } from '../../lib/ports/message-sender.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { memoryEngine, memoryStores } from '../../lib/testing/memory-engine.ts';

/** An engine over memory adapters, with its queues open to the test: what it sends is read, and answered, by hand. */
export class EngineRig {
  readonly clock = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
  readonly store: MemoryProcessStore;
  readonly payloads = new MemoryPayloadStore();
  readonly parking = new MemoryParkingStore();
  readonly published: PublishedEvent[] = [];
  readonly notices: EngineNotice[] = [];
  /** The bodies that came to the inbox from outside. */
  readonly bodies: string[] = [];
  /** Ticks that the engine has sent. */
  ticks = 0;
  /** The bus: `broken`, it accepts nothing; `callsUntilFixed`: so many calls more. */
  readonly bus = new BreakableBus();
  /** The queue of the flights: `broken`, it fails; `refusing`, it takes nothing, and never will. */
  readonly flights = { broken: false, refusing: false };
  readonly engine: Engine;
  readonly #queues: ReadonlyMap<string, MemoryMessageQueue>;
  readonly #services: readonly AnyService[];
  /** The groups of the commands that were sent. */
  readonly groups: string[] = [];
  #ids = 0;

  constructor(
    processes: readonly AnyProcess[],
    services: readonly AnyService[],
    options: {
      readonly checks?: boolean;
      readonly store?: MemoryProcessStore;
      /** Names the worker. */ readonly random?: number;
      readonly codes?: EngineOptions['codes'];
      /** Receives the live spans. */ readonly traces?: Omit<LiveSpansOptions, 'clock' | 'journal'>;
    } = {},
  ) {
    const { clock } = this;
    const stores = memoryStores();
    this.store = options.store ?? stores.store;
    this.#services = services;
    const names = ['inbox', ...services.map((each) => (each['~'] as { readonly name: string }).name)];
    this.#queues = new Map(names.map((name) => [name, new MemoryMessageQueue({ name, clock })]));
    const bus = new MemoryEventPublisher({ clock, rules: [] });
    bus.subscribe((event) => this.published.push(event));
    this.bus.inner = bus;
    const sender = new MemoryMessageSender(this.#queues);
    const { store, payloads, parking, bus: publisher } = this;
    this.engine = memoryEngine({
      system: system('trips', { processes, services }),
      ports: { store, index: stores.index, sender: this.#breakable(sender), publisher, payloads, parking },
      clock,
      random: () => options.random ?? 0.5,
      onNotice: (notice) => void this.notices.push(notice),
      checks: options.checks ?? false,
      codes: options.codes,
      tracer:
        options.traces &&
        new LiveSpans({ ...options.traces, clock, journal: async (place) => (await journalTexts(store, place)).map(parseEntry) }),
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
    this.bodies.push(JSON.stringify({ detail }));
    this.#queue('inbox').put(JSON.stringify({ detail }));
  }

  /** A person acts. */
  operates(message: OperationMessage): void {
    this.#queue('inbox').put(inboxBody(message));
  }

  /** The sender of the engine's other functions. */
  get sender(): MessageSender {
    return new MemoryMessageSender(this.#queues);
  }

  /** Dead letters are drained; what is sent to the inbox for them comes into `sent`. */
  drains(messages: readonly ReceivedMessage[], sent: OutgoingMessage[]): Promise<AdvanceResult> {
    const send: MessageSender['send'] = async (_queue, bodies) => {
      sent.push(...bodies);
      return bodies.map(() => ({ status: 'sent', messageId: '' }));
    };
    return drainDeadLetters({ sender: { send }, clock: this.clock, random: () => 0.5 }, messages);
  }

  /** Deletes the visible messages of the inbox, as an accident does. Returns how many. */
  async purges(): Promise<number> {
    const inbox = this.#queue('inbox');
    const messages = await inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
    await inbox.delete(messages.map((message) => message.receiptHandle));
    return messages.length;
  }

  /** The same store under another build. */
  deployed(processes: readonly AnyProcess[]): EngineRig {
    return new EngineRig(processes, this.#services, { store: this.store });
  }

  /** A command as its service got it. */
  envelope(type: string, id: string, data: Json): CommandEnvelope {
    return { id, type, attempt: 1, replyto: 'trips', datahash: `sha256:${sha256(canonical(data))}` } as CommandEnvelope;
  }

  /** Texts of what was published. */
  texts(): unknown[] {
    return this.published.map(({ detail }) => (JSON.parse(detail) as { readonly data: { readonly text: unknown } }).data.text);
  }

  /** The service answers, with data of whatever size: above 100 KB it is referred to. */
  async answers(
    command: CommandEnvelope,
    outcome: Outcome,
    data: Json,
    said: Pick<ReplyEnvelope, 'retryable' | 'attempts'> | boolean = {},
  ): Promise<void> {
    const text = canonical(data);
    const hash = sha256(text);
    const { pid } = parseCommandId(command.id) ?? expect.fail(`${command.id} is no command id`);
    const carried = text.length > 100 * 1024 ? { dataref: this.payloads.reference(pid, hash), datahash: `sha256:${hash}` } : { data };
    await this.payloads.put(pid, hash, text);
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
      ...(typeof said === 'boolean' ? said && { retryable: true } : said),
      replyto: command.replyto,
      hops: 0,
      ...carried,
    };
    this.#queue('inbox').put(JSON.stringify({ detail }));
  }

  /** The engine takes what is in the inbox, as one batch. Returns whether there was anything. */
  async batch(): Promise<boolean> {
    const inbox = this.#queue('inbox');
    const messages = await inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 120 });
    if (messages.length === 0) return false;
    const { acknowledge, giveBack } = await this.engine.advance(messages);
    await inbox.delete(acknowledge);
    await inbox.changeVisibility(giveBack);
    return true;
  }

  /** One batch after the other until nothing is left that is visible. */
  async advance(): Promise<void> {
    while (await this.batch());
  }

  /** Lets time pass, a second at a time, and sweeps once a minute. */
  async pass(milliseconds: number): Promise<void> {
    for (let seconds = 1; seconds * 1_000 <= milliseconds; seconds += 1) {
      this.clock.advance(1_000);
      if (seconds % 60 === 0) await this.engine.sweep();
      await this.advance();
    }
  }

  #breakable(sender: MessageSender): MessageSender {
    return {
      send: async (queue, messages) => {
        this.ticks += messages.filter(({ body }) => body.startsWith('{"tutti":"tick"')).length;
        if (queue !== 'inbox') this.groups.push(...messages.map(({ groupId = '' }) => groupId));
        if (queue !== 'flights') return sender.send(queue, messages);
        if (this.flights.broken) throw new TypeError('no flights');
        if (this.flights.refusing) return messages.map(() => ({ status: 'failed', senderFault: true, reason: 'no such queue' }));
        return sender.send(queue, messages);
      },
    };
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

/** The operation of an operator. */
export const operation = (act: OperationMessage['act'], pid: string): OperationMessage => ({
  tutti: 'operate',
  opid: `${act}-1`,
  pid,
  act,
  reason: 'test',
  by: 'test',
});

/** A bus that can be broken, and held up in the middle of a call. */
class BreakableBus implements EventPublisher {
  inner: EventPublisher | undefined;
  broken = false;
  callsUntilFixed: number | undefined;
  #held: { readonly reached: () => void; readonly released: Promise<void> } | undefined;

  /** The next call ends only when it is released. */
  hold(): { readonly reached: Promise<void>; readonly release: () => void } {
    let reached!: () => void;
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const arrived = new Promise<void>((resolve) => (reached = resolve));
    this.#held = { reached, released };
    return { reached: arrived, release };
  }

  async publish(events: Parameters<EventPublisher['publish']>[0]): ReturnType<EventPublisher['publish']> {
    const held = this.#held;
    this.#held = undefined;
    held?.reached();
    await held?.released;
    if (this.callsUntilFixed !== undefined && (this.callsUntilFixed -= 1) < 0) this.broken = false;
    if (this.broken) throw new TypeError('no bus');
    return (this.inner as EventPublisher).publish(events);
  }
}
