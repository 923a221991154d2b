import { type FaultChances, Faults } from '../../lib/adapters/memory/faults.ts';
import { FaultyEventPublisher } from '../../lib/adapters/memory/faulty-event-publisher.ts';
import { FaultyMessageQueue } from '../../lib/adapters/memory/faulty-message-queue.ts';
import { FaultyMessageSender } from '../../lib/adapters/memory/faulty-message-sender.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { FaultyProcessStore } from '../../lib/adapters/memory/faulty-process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { EventEnvelope } from '../../lib/contract/envelope.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { toWire } from '../../lib/contract/wire.ts';
import { SeededRandom } from '../../lib/core/seeded-random.ts';
import { Engine } from '../../lib/engine/engine.ts';
import { HOT_LANE, inboxBody } from '../../lib/engine/inbox-message.ts';
import { INBOX, openState, type State } from '../../lib/local/state.ts';
import type { MessageQueue, ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import type { Head, ProcessStore } from '../../lib/ports/process-store.ts';
import type { EventPublisher } from '../../lib/ports/event-publisher.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Consumer } from '../../lib/service/consumer.ts';
import { servedParts, type Served } from '../../lib/service/served.ts';
import { Auditor, type Expected } from './auditor.ts';
import { FATES, Ledger, servedOn, trips } from './trip-system.ts';
import { quiet, Turns } from './turns.ts';
import { type Mishaps, Worker } from './worker.ts';

const START = Date.parse('2026-11-21T10:00:00.000Z');
const STEPS_MAX = 40_000;
/** Then the weather is fair, and everything must come to its end. */
const STORM_STEPS = 1_500;
const SWEEP_MS = 60_000;
const CALM: Mishaps = { crash: 0, freeze: 0 };

/** Ports as an engine gets them; a mutant breaks one of them as a fault of the engine would. */
export interface EnginePorts {
  readonly store: ProcessStore;
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
}

export interface Mutant {
  readonly ports?: (ports: EnginePorts) => EnginePorts;
  /** Deletes messages when they are received, before they are applied. */
  readonly deletesFirst?: boolean;
  /** Nobody looks at the due index. */
  readonly neverSweeps?: boolean;
}

export interface SimulationOptions {
  /** Engines forward to a hot lane, at which others work. */
  readonly hotLane?: boolean;
}

interface Lane {
  readonly queue: () => MessageQueue;
  readonly ready: () => boolean;
  busy: boolean;
  worker: Worker;
  handle: (queue: MessageQueue) => Promise<void>;
  readonly live: (lane: Lane) => void;
}

/** One system under faults, all of it drawn from one seed. */
export class Simulation {
  readonly clock = new VirtualClock(START);
  readonly ledger = new Ledger();
  readonly auditor: Auditor;
  readonly #random: SeededRandom;
  readonly #turns = new Turns();
  readonly #faults: Faults;
  readonly #state: State;
  readonly #lanes: Lane[] = [];
  readonly #mutant: Mutant;
  readonly #expected = new Map<string, Expected>();
  readonly #acts: { readonly at: number; readonly act: () => void }[] = [];
  readonly #tickHorizonMs: number;
  readonly #hotLane: boolean;
  #mishaps: Mishaps;
  #nextSweep = START + SWEEP_MS;
  #sweeping = false;
  readonly #received = new Map<string, ReceivedMessage>();
  steps = 0;

  constructor(seed: string, mutant: Mutant = {}, { hotLane = false }: SimulationOptions = {}) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#mutant = mutant;
    this.#hotLane = hotLane;
    this.#mishaps = { crash: this.#some(0.02), freeze: this.#some(0.005) };
    this.#tickHorizonMs = this.#one(0.5) ? 900_000 : -1;
    this.auditor = new Auditor(this.#tickHorizonMs);
    this.#faults = new Faults(() => random.number(), this.#chances());
    this.#state = openState({ system: systemContract(trips), clock: this.clock });
    this.#state.publisher.subscribe((event) => this.auditor.published(event.detail));
    for (let i = 1 + this.#below(3); i > 0; i -= 1) this.#addEngine(INBOX);
    this.#addEngine(`${INBOX}-dead-letter`);
    if (hotLane) this.#addHotLane();
    for (const name of systemContract(trips).services.keys()) for (let i = 1 + this.#below(2); i > 0; i -= 1) this.#addService(name);
    for (let i = 1 + this.#below(6); i > 0; i -= 1) this.#script(`c${i}`);
    this.#acts.sort((a, b) => a.at - b.at);
  }

  /** Runs until nothing moves; what does not hold is in `auditor.violations`. */
  async run(): Promise<readonly string[]> {
    await this.#until(STORM_STEPS);
    this.#faults.chances = {};
    this.#mishaps = CALM;
    await this.#until(STEPS_MAX);
    // What needs a person gets one: whatever a fault of the infrastructure has brought about can be resumed.
    for (let again = 0; again < 3 && (await this.#resumeStuck()); again += 1) await this.#until(STEPS_MAX);
    if (this.steps >= STEPS_MAX) this.auditor.violated('I8', 'it never comes to rest');
    await this.auditor.settled(this.#state, this.ledger, this.clock.now(), this.#expected);
    return this.auditor.violations;
  }

  #one(chance: number): boolean {
    return this.#random.number() < chance;
  }

  #below(count: number): number {
    return Math.floor(this.#random.number() * count);
  }

  /** Each seed has its own weather: some faults not at all, the others more or less often. */
  #some(most: number): number {
    return this.#one(0.5) ? 0 : this.#random.number() * most;
  }

  #chances(): FaultChances {
    return {
      before: this.#some(0.05),
      answerLost: this.#some(0.05),
      stale: this.#some(0.5),
      entryFailed: this.#some(0.1),
      senderFault: this.#some(0.01),
      duplicate: this.#some(0.2),
      delay: this.#some(0.2),
      delayMaxSeconds: 1 + this.#below(300),
      reorder: this.#some(1),
    };
  }

  /** What happens to one cart: it is checked out, perhaps twice, confirmed before or after, perhaps cancelled. */
  #script(cartId: string): void {
    const fate = FATES[this.#below(FATES.length)] as Expected['fate'];
    const pid = `default#book-trip#${cartId}`;
    const expected: Expected = { fate, events: [], cancelled: false };
    this.#expected.set(pid, expected);
    const large = this.#one(0.2) ? 2_000 : 10;
    const checkout = {
      type: 'trips.checkout',
      id: `start-${cartId}`,
      data: { cartId, fate, note: 'é'.repeat(large), reminders: this.#one(0.2) ? 10 : 0 },
    };
    for (let copies = this.#one(0.3) ? 2 : 1; copies > 0; copies -= 1) this.#at(this.#below(600_000), () => this.#publish(checkout));
    if (fate === 'confirmed') {
      const confirmed = { type: 'trips.confirmed', id: `confirm-${cartId}`, data: { cartId, by: 'x'.repeat(large) } };
      expected.events.push(confirmed.id);
      for (let copies = this.#one(0.3) ? 2 : 1; copies > 0; copies -= 1) this.#at(this.#below(1_200_000), () => this.#publish(confirmed));
    }
    if (!this.#one(0.15)) return;
    expected.cancelled = true;
    this.#at(this.#below(1_800_000), () => this.#operate(pid, 'cancel', `cancel-${cartId}`));
  }

  #at(afterMs: number, act: () => void): void {
    this.#acts.push({ at: START + afterMs, act });
  }

  #publish({ type, id, data }: { readonly type: string; readonly id: string; readonly data: EventEnvelope['data'] }): void {
    const envelope = {
      specversion: '1.0',
      id,
      source: 'trips',
      type,
      time: new Date(this.clock.now()).toISOString(),
      datacontenttype: 'application/json',
      hops: 0,
      data,
    } as EventEnvelope;
    void this.#state.publisher.publish([{ source: 'trips', type, detail: toWire(envelope) }]);
  }

  #operate(pid: string, act: 'cancel' | 'resume', opid: string): void {
    void this.#state.sender.send(INBOX, [{ body: inboxBody({ tutti: 'operate', opid, pid, act, reason: 'simulated', by: 'test' }) }]);
  }

  async #resumeStuck(): Promise<boolean> {
    let any = false;
    for await (const head of this.#state.instanceIndex.list({ statuses: ['stuck'] })) {
      any = true;
      this.#operate(head.pid, 'resume', `resume-${head.pid.length}-${head.version}`);
    }
    return any;
  }

  #newWorker(): Worker {
    return new Worker(
      this.#turns,
      () => this.#random.number(),
      () => this.#mishaps,
      (milliseconds) => this.clock.sleep(milliseconds),
    );
  }

  /** Two work at it, as when a message becomes visible again while its first receiver still runs. */
  #addHotLane(): void {
    const { clock } = this;
    let number = 1_000_000;
    const shared = { clock, nextNumber: () => (number += 1) };
    const deadLetter = new MemoryMessageQueue({ ...shared, name: `${HOT_LANE}-dead-letter` });
    const queues = this.#state.queues as Map<string, MemoryMessageQueue>;
    queues.set(deadLetter.name, deadLetter);
    queues.set(HOT_LANE, new MemoryMessageQueue({ ...shared, name: HOT_LANE, deadLetter, maxReceiveCount: 20 }));
    for (let i = 1 + this.#below(2); i > 0; i -= 1) this.#addEngine(HOT_LANE);
    this.#addEngine(deadLetter.name);
  }

  #addEngine(name: string): void {
    const inner = this.#state.queues.get(name);
    if (inner === undefined) return;
    const live = (lane: Lane): void => {
      const engine = this.#engine(lane.worker);
      lane.handle = async (queue) => {
        const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
        if (messages.length === 0) return;
        if (this.#mutant.deletesFirst) await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
        const advances = name === INBOX || name === HOT_LANE;
        const { acknowledge, giveBack } = await (advances
          ? engine.advance(messages, { lane: name === HOT_LANE })
          : engine.drainDeadLetters(messages));
        if (acknowledge.length > 0 && !this.#mutant.deletesFirst) await queue.delete(acknowledge);
        if (giveBack.length > 0) await queue.changeVisibility(giveBack);
      };
    };
    this.#addLane(
      new FaultyMessageQueue(name === INBOX || name === HOT_LANE ? this.#auditedInbox(inner, name === INBOX) : inner, this.#faults),
      () => (inner.nextVisibleAt() ?? Infinity) <= this.clock.now(),
      live,
    );
  }

  #engine(worker: Worker): Engine {
    const { payloadStore, parkingStore, instanceIndex } = this.#state;
    const ports = {
      store: new FaultyProcessStore(this.#auditedStore(), this.#faults),
      sender: new FaultyMessageSender(this.#auditedSender(), this.#faults),
      publisher: new FaultyEventPublisher(this.#state.publisher, this.#faults),
    };
    const { store, sender, publisher } = this.#mutant.ports?.(ports) ?? ports;
    return new Engine({
      system: trips,
      frontEndOf,
      store: worker.port(store),
      index: worker.port(instanceIndex),
      sender: worker.port(sender),
      publisher: worker.port(publisher),
      payloads: worker.port(this.#failing(payloadStore)),
      parking: worker.port(this.#failing(parkingStore)),
      clock: this.clock,
      tickHorizonMs: this.#tickHorizonMs,
      hotLane: this.#hotLane,
      random: () => this.#random.number(),
    });
  }

  #addService(name: string): void {
    const inner = this.#state.queues.get(name);
    if (inner === undefined) return;
    const live = (lane: Lane): void => {
      const { worker } = lane;
      const served = servedOn(this.ledger, () => worker.pass()).find((each) => servedParts(each).contract.name === name) as Served;
      const port = worker.port(new FaultyMessageQueue(inner, this.#faults));
      const consumer = new Consumer({
        served,
        queue: port,
        store: worker.port(this.#failing(this.#state.idempotencyStore)),
        publisher: worker.port(new FaultyEventPublisher(this.#state.publisher, this.#faults)),
        payloads: worker.port(this.#failing(this.#state.payloadStore)),
        clock: this.clock,
        sender: worker.port(new FaultyMessageSender(this.#state.sender, this.#faults)),
        random: () => this.#random.number(),
      });
      lane.handle = async () => void (await consumer.handle(await port.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 })));
    };
    this.#addLane(inner, () => (inner.nextVisibleAt() ?? Infinity) <= this.clock.now(), live);
  }

  #addLane(queue: MessageQueue, ready: () => boolean, live: (lane: Lane) => void): void {
    const lane: Lane = {
      queue: () => lane.worker.port(queue),
      ready,
      busy: false,
      worker: this.#newWorker(),
      handle: async () => undefined,
      live,
    };
    live(lane);
    this.#lanes.push(lane);
  }

  /** Calls that fail before or after their work, of ports that have no faulty adapter of their own. */
  #failing<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'reference') return member;
        return (...args: unknown[]) => this.#faults.call(String(name), async () => (await Reflect.apply(member, target, args)) as unknown);
      },
    });
  }

  #auditedStore(): ProcessStore {
    const { processStore } = this.#state;
    return {
      load: (pids, options) => processStore.load(pids, options),
      commit: async (head, expected) => {
        // Both are begun before either is awaited, so nothing comes in between.
        const [[previous], result] = await Promise.all([
          processStore.load([head.pid], { consistent: true }),
          processStore.commit(this.#heated(head), expected),
        ]);
        if (result.status === 'committed') this.auditor.committed(head, previous);
        return result;
      },
      buffer: (event) => processStore.buffer(event),
      spill: (chunk) => processStore.spill(chunk),
      chunks: (pid, run) => processStore.chunks(pid, run),
    };
  }

  /** Nothing is decided by the mark, so it may stand anywhere: the lane has more to do than a few engines would give it. */
  #heated(head: Head): Head {
    if (!this.#hotLane || head.status === 'early' || !this.#one(0.3)) return head;
    return { ...head, hotUntil: this.clock.now() + this.#below(120_000) };
  }

  #auditedSender(): MessageSender {
    const { sender } = this.#state;
    return {
      send: async (queue, messages) => {
        const results = await sender.send(queue, messages);
        for (const [i, result] of results.entries()) if (result.status === 'sent') this.#sent(queue, messages[i]?.body ?? '');
        return results;
      },
    };
  }

  #sent(queue: string, body: string): void {
    if (queue === HOT_LANE) this.auditor.forwarded(body);
    else if (queue !== INBOX) this.auditor.accepted(body);
  }

  #auditedInbox(inner: MessageQueue, fromInbox: boolean): MessageQueue {
    return {
      receive: async (options) => {
        const messages = await inner.receive(options);
        for (const message of messages) this.#received.set(message.receiptHandle, message);
        return messages;
      },
      delete: async (handles) => {
        for (const handle of handles) {
          const message = this.#received.get(handle);
          if (message) await this.auditor.deleting(message.messageId, message.body, this.#state, fromInbox);
        }
        return inner.delete(handles);
      },
      changeVisibility: (changes) => inner.changeVisibility(changes),
    };
  }

  #start(lane: Lane): void {
    lane.busy = true;
    const { worker } = lane;
    const ended = async (): Promise<void> => {
      // What a port threw at the worker itself, it has survived: its messages come again.
      await Promise.race([lane.handle(lane.queue()).catch(() => undefined), worker.died]);
      if (worker.dead) {
        lane.worker = this.#newWorker();
        lane.live(lane);
      }
      lane.busy = false;
    };
    void ended();
  }

  #sweep(): void {
    const engineLane = this.#lanes[0];
    if (engineLane === undefined) return;
    this.#sweeping = true;
    this.#nextSweep = this.clock.now() + SWEEP_MS;
    const worker = this.#newWorker();
    const sweep = async (): Promise<void> => {
      await Promise.race([
        this.#engine(worker)
          .sweep(SWEEP_MS)
          .catch(() => undefined),
        worker.died,
      ]);
      this.#sweeping = false;
    };
    void sweep();
  }

  async #until(stepsMax: number): Promise<void> {
    for (; this.steps < stepsMax; this.steps += 1) {
      await quiet();
      if (this.#turns.waiting > 0 && !this.#one(0.1)) this.#turns.letOneGo(this.#random.number());
      else if (!(await this.#something())) return;
    }
  }

  /** Begins something, or lets time pass; false where nothing is left to do. */
  async #something(): Promise<boolean> {
    const [act] = this.#acts;
    if (act && act.at <= this.clock.now()) {
      this.#acts.shift();
      act.act();
      return true;
    }
    if (!this.#sweeping && this.clock.now() >= this.#nextSweep && !this.#mutant.neverSweeps) {
      this.#sweep();
      return true;
    }
    const idle = this.#lanes.filter((lane) => !lane.busy && lane.ready());
    const lane = idle[this.#below(idle.length)];
    if (lane) {
      this.#start(lane);
      return true;
    }
    if (this.#turns.waiting > 0) {
      if (this.#one(0.05)) this.clock.advance(this.#below(3_000));
      this.#turns.letOneGo(this.#random.number());
      return true;
    }
    if (await this.#decides()) return true;
    const next = await this.#nextInstant();
    if (next === Infinity) return false;
    this.clock.advanceTo(Math.max(next, this.clock.now() + 1));
    return true;
  }

  /** A worker that waits for no turn may be deciding, which takes some turns of the event loop; time must not pass meanwhile. */
  async #decides(): Promise<boolean> {
    for (let turns = 0; turns < 50 && this.#lanes.some(({ busy }) => busy); turns += 1) {
      await quiet();
      if (this.#turns.waiting > 0) return true;
    }
    return false;
  }

  async #nextInstant(): Promise<number> {
    // What is visible now waits for a worker that is busy.
    const visible = [...this.#state.queues.values()]
      .map((queue) => queue.nextVisibleAt() ?? Infinity)
      .filter((instant) => instant > this.clock.now());
    const [due] = await this.#state.instanceIndex.due(Number.MAX_SAFE_INTEGER, 1);
    const sweep = due && !this.#mutant.neverSweeps ? Math.max(this.#nextSweep, due.due - SWEEP_MS) : Infinity;
    return Math.min(this.clock.nextWakeAt() ?? Infinity, ...visible, sweep, this.#acts[0]?.at ?? Infinity);
  }
}
