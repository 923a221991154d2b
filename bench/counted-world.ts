import type { CommandEnvelope, EventEnvelope } from '../lib/contract/wire/envelope.ts';
import { systemContract, type System } from '../lib/contract/system.ts';
import { eventContract, type AnyEvent } from '../lib/contract/event.ts';
import type { Json } from '../lib/contract/schema.ts';
import { toWire } from '../lib/contract/wire/wire.ts';
import { SeededRandom } from '../lib/core/seeded-random.ts';
import { VirtualClock } from '../lib/adapters/memory/virtual-clock.ts';
import type { MemoryMessageQueue } from '../lib/adapters/memory/message-queue.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { INBOX_QUEUE, openState, type State } from '../lib/local/state.ts';
import type { ReceivedMessage } from '../lib/ports/message-queue.ts';
import type { PayloadStore } from '../lib/ports/payload-store.ts';
import type { ProcessStore } from '../lib/ports/process-store.ts';
import { INBOX, inboxBody } from '../lib/format/inbox-message.ts';
import { memoryEngine } from '../lib/testing/memory-engine.ts';
import { buildShortReply } from '../lib/service/consumer/reply.ts';
import {
  CountingEventPublisher,
  CountingInstanceIndex,
  CountingMessageSender,
  CountingParkingStore,
  CountingPayloadStore,
  CountingProcessStore,
  decisionCalls,
  noCounts,
  SendsOfBatch,
  type Counts,
} from './counting-ports.ts';

/** The stores of heads and payloads. */
export interface Stores {
  readonly processStore: ProcessStore;
  readonly payloadStore: PayloadStore;
}

/** A service's answer to a command: its output, or a failure. */
export type Answer = { readonly output: Json; readonly type?: string } | { readonly failure: string; readonly data: Json };

/** Largest batch of messages from SQS to a Lambda function. */
export const BATCH = 10;
/** Time from a command to its answer, on the clock of the world. */
const STEP_MS = 1000;
export const STARTED_AT = Date.UTC(2027, 0, 1);

/** The engine with the settings of AWS, on memory adapters that count: batches of ten, timers within 15 minutes by a tick. */
export class CountedWorld {
  readonly counts: Counts = noCounts();
  /** Messages that the engine received, without ticks. */
  events = 0;
  ticks = 0;
  /** Events that a client or another program has published. */
  published = 0;
  /** Messages that a client has put into a queue. */
  sent = 0;
  /**
   * The most store calls that a batch of one event waited for. Ticks are left out, and starts are apart, since no instance is warm at its
   * start.
   */
  decisionCallsMax = 0;
  startCallsMax = 0;
  readonly state: State;
  /** The heads and journals; their reads and writes are counted. */
  readonly store: CountingProcessStore;
  readonly #random = new SeededRandom('bench');
  readonly #clock = new VirtualClock(STARTED_AT);
  readonly #engine: Engine;
  readonly #batch = new SendsOfBatch();
  readonly #answer: (command: CommandEnvelope) => Answer;
  readonly #cold: boolean;

  /** `cold`: no instance is warm at any event, as after a deploy. `stores`: replace those in memory. */
  constructor(system: System<string>, answer: (command: CommandEnvelope) => Answer, cold = false, stores?: Stores) {
    this.state = openState({ system: systemContract(system), clock: this.#clock });
    this.#answer = answer;
    this.#cold = cold;
    const { state, counts } = this;
    const { processStore, payloadStore } = stores ?? state;
    this.store = new CountingProcessStore(processStore, counts);
    this.#engine = memoryEngine({
      system,
      ports: {
        store: this.store,
        index: new CountingInstanceIndex(state.instanceIndex, counts),
        sender: new CountingMessageSender(state.sender, counts, this.#batch),
        publisher: new CountingEventPublisher(state.publisher, counts, this.#batch),
        payloads: new CountingPayloadStore(payloadStore, counts),
        parking: new CountingParkingStore(state.parkingStore, counts),
      },
      clock: this.#clock,
      random: () => this.#random.number(),
    });
  }

  async publish(event: AnyEvent, data: Json): Promise<void> {
    const { type, owner } = eventContract(event);
    const time = new Date(this.#clock.now()).toISOString();
    const id = `01${this.#random.uuid().replaceAll('-', '').slice(0, 24).toUpperCase()}`;
    const envelope: EventEnvelope = {
      specversion: '1.0',
      id,
      source: owner,
      type,
      time,
      datacontenttype: 'application/json',
      hops: 0,
      data,
    };
    this.published += 1;
    await this.state.publisher.publish([{ source: owner, type, detail: toWire(envelope) }]);
  }

  /** Puts an internal message into the inbox. */
  async send(body: string): Promise<void> {
    this.sent += 1;
    await this.state.sender.send(INBOX, [{ body }]);
  }

  /** Starts an instance, as a client does. */
  start(process: string, id: string, data: Json): Promise<void> {
    const time = new Date(this.now()).toISOString();
    return this.send(inboxBody({ tutti: 'start', startid: `start-${id}`, tenant: 'default', process, id, time, by: 'client', data }));
  }

  now(): number {
    return this.#clock.now();
  }

  /** Delivers the ticks of the next `ms`, and all that they cause. */
  async runFor(ms: number): Promise<void> {
    const until = this.now() + ms;
    const inbox = this.#queue(INBOX_QUEUE);
    for (let at = inbox.nextVisibleAt() ?? Infinity; at <= until; at = inbox.nextVisibleAt() ?? Infinity) {
      this.#clock.advanceTo(Math.max(at, this.now()));
      await this.advance();
    }
    this.#clock.advanceTo(until);
  }

  /** Runs the engine until its inbox is empty. */
  async advance(): Promise<void> {
    const inbox = this.#queue(INBOX_QUEUE);
    for (;;) {
      const received = await inbox.receive({ max: BATCH, waitSeconds: 0, visibilitySeconds: 120 });
      if (received.length === 0) return;
      await this.#advanceBatch(received.map((message) => ({ ...message, messageId: uuidOf(message.messageId) })));
    }
  }

  /** Answers every open command a second later. Returns their number. */
  async answer(): Promise<number> {
    this.#clock.advance(STEP_MS);
    let answered = 0;
    for (const [name, queue] of this.state.queues) {
      if (name === INBOX_QUEUE || name.endsWith('-dead-letter')) continue;
      for (let commands = await take(queue); commands.length > 0; commands = await take(queue)) {
        for (const { body } of commands) await this.#reply(name, JSON.parse(body) as CommandEnvelope);
        answered += commands.length;
      }
    }
    return answered;
  }

  /** Drops all warm instances and resets all counts. */
  restart(): void {
    this.#engine.forget();
    Object.assign(this.counts, noCounts());
    this.events = 0;
    this.ticks = 0;
    this.decisionCallsMax = 0;
    this.startCallsMax = 0;
  }

  /** Runs the engine and the services until no command is open. */
  async settle(): Promise<void> {
    do await this.advance();
    while ((await this.answer()) > 0);
  }

  /** Delivers the remaining ticks. They change nothing, but their reads count. */
  async deliverTicks(): Promise<void> {
    const inbox = this.#queue(INBOX_QUEUE);
    for (let at = inbox.nextVisibleAt(); at !== undefined; at = inbox.nextVisibleAt()) {
      this.#clock.advanceTo(at);
      await this.settle();
    }
  }

  /** Lets time pass until an instant: delivers ticks, and wakes the instances whose long timers are due, as the sweep does. */
  async passTo(instant: number): Promise<void> {
    for (;;) {
      await this.settle();
      const [due] = await this.state.instanceIndex.due(instant, 1);
      const next = Math.min(this.#queue(INBOX_QUEUE).nextVisibleAt() ?? Infinity, due?.due ?? Infinity);
      if (next > instant) break;
      this.#clock.advanceTo(Math.max(next, this.#clock.now()));
      if (due !== undefined && due.due <= this.#clock.now()) await this.#engine.sweep();
    }
    this.#clock.advanceTo(Math.max(instant, this.#clock.now()));
  }

  async #advanceBatch(messages: readonly ReceivedMessage[]): Promise<void> {
    if (this.#cold) this.#engine.forget();
    const before = decisionCalls(this.counts);
    const { acknowledge, giveBack } = await this.#engine.advance(messages);
    const inbox = this.#queue(INBOX_QUEUE);
    await inbox.delete(acknowledge);
    await inbox.changeVisibility(giveBack);
    this.counts.needlessSends += this.#batch.end();
    const ticks = messages.filter(({ body }) => body.startsWith('{"tutti":"tick"')).length;
    this.ticks += ticks;
    this.events += messages.length - ticks;
    if (messages.length === 1 && ticks === 0) this.#countCalls(messages[0] as ReceivedMessage, decisionCalls(this.counts) - before);
  }

  #countCalls({ body }: ReceivedMessage, calls: number): void {
    if (body.includes('"commandid"')) this.decisionCallsMax = Math.max(this.decisionCallsMax, calls);
    else this.startCallsMax = Math.max(this.startCallsMax, calls);
  }

  async #reply(service: string, command: CommandEnvelope): Promise<void> {
    const answer = this.#answer(command);
    const time = new Date(this.#clock.now()).toISOString();
    const parts =
      'failure' in answer
        ? {
            outcome: 'failed' as const,
            data: { type: answer.failure, message: `${command.type} failed with ${answer.failure}.`, data: answer.data },
          }
        : { outcome: 'completed' as const, data: answer.output, ...(answer.type !== undefined && { type: answer.type }) };
    const detail = buildShortReply(command, { service, time, dataversion: 1, ...parts });
    await this.state.publisher.publish([{ source: service, type: (JSON.parse(detail) as { type: string }).type, detail }]);
  }

  #queue(name: string): MemoryMessageQueue {
    return this.state.queues.get(name) as MemoryMessageQueue;
  }
}

const take = async (queue: MemoryMessageQueue): Promise<readonly ReceivedMessage[]> => {
  const commands = await queue.receive({ max: BATCH, waitSeconds: 0, visibilitySeconds: 120 });
  await queue.delete(commands.map(({ receiptHandle }) => receiptHandle));
  return commands;
};

/**
 * SQS identifies messages by UUIDs, which do not compress, and the memory queue by numbers. The head stores the ids, so their size
 * matters.
 */
const uuidOf = (messageId: string): string => new SeededRandom(`message ${messageId}`).uuid();
