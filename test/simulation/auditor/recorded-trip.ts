import { MemoryInstanceIndex } from '../../../lib/adapters/memory/instance-index.ts';
import { MemoryParkingStore } from '../../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { chunkGroup, MemoryProcessStore } from '../../../lib/adapters/memory/process-store.ts';
import { MemoryTable } from '../../../lib/adapters/memory/table.ts';
import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import type { CommandEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import type { Engine } from '../../../lib/engine/engine.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';
import type { ReceivedMessage } from '../../../lib/ports/message-queue.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import { memoryEngine } from '../../../lib/testing/memory-engine.ts';
import { buildShortReply } from '../../../lib/service/consumer/reply.ts';
import { trips, type Fate } from '../scenarios/examples/trip-system.ts';
import type { Observer } from '../world/observer.ts';
import type { Effect } from '../scenarios/scenario.ts';
import { Auditor, type AuditorOptions } from './auditor.ts';
import type { Evidence } from './evidence.ts';

/** One call of a method of an observer. */
export type Happening = {
  readonly [Method in keyof Observer]: { readonly kind: Method; readonly told: Parameters<Observer[Method]> };
}[keyof Observer];

export const PID = 'default#book-trip#c1';
const START = Date.UTC(2026, 10, 21, 10);
const SERVICES = ['payments', 'flights', 'hotels', 'notices'];

interface Queued {
  readonly queue: string;
  readonly message: ReceivedMessage;
  readonly visibleAt: number;
}

/** One trip on the real engine, without faults: all calls of the observer, and the state at the end. */
export class RecordedTrip {
  readonly happenings: Happening[] = [];
  readonly #clock = new VirtualClock(START);
  readonly #heads = new MemoryTable<string, Head>();
  readonly #chunks = new MemoryTable<string, JournalChunk>(chunkGroup);
  readonly #index = new MemoryInstanceIndex(this.#heads);
  readonly #payloads = new MemoryPayloadStore();
  readonly #store = new MemoryProcessStore({
    heads: this.#heads,
    chunks: this.#chunks,
    written: (head, previous) => {
      this.#index.written(head, previous);
      this.#tell({ kind: 'committed', told: [head, previous, 'engine'] });
    },
  });
  readonly #parking = new MemoryParkingStore();
  readonly #effects: Effect[] = [];
  readonly #queued: Queued[] = [];
  readonly #engine: Engine;
  #ids = 0;

  private constructor() {
    const store = this.#store;
    const spill = (chunk: JournalChunk): Promise<void> => {
      this.#tell({ kind: 'spilled', told: [chunk] });
      return store.spill(chunk);
    };
    this.#engine = memoryEngine({
      system: trips,
      ports: {
        store: {
          load: (pids) => store.load(pids),
          commit: (...all) => store.commit(...all),
          buffer: (event) => store.buffer(event),
          spill,
          chunks: (...all) => store.chunks(...all),
        },
        index: this.#index,
        sender: {
          send: async (queue, messages) =>
            messages.map(({ body, delaySeconds }) => ({ status: 'sent', messageId: this.#put(queue, body, delaySeconds) })),
        },
        publisher: { publish: async (events) => events.map((event) => ({ status: 'published', eventId: this.#publish(event) })) },
        payloads: this.#payloads,
        parking: this.#parking,
      },
      clock: this.#clock,
    });
  }

  /** Runs a trip from its first message to its last. `early`: a confirmation comes before the checkout. */
  static async made(fate: Fate, { early = false, reminders = 0 } = {}): Promise<RecordedTrip> {
    const trip = new RecordedTrip();
    if (early) {
      trip.#arrive('trips.confirmed', 'confirmed-c1', { cartId: 'c1', by: 'them' });
      await trip.#settle();
    }
    trip.#arrive('trips.checkout', 'start-c1', { cartId: 'c1', fate, note: '', reminders });
    if (fate === 'confirmed' && !early) trip.#arrive('trips.confirmed', 'confirmed-c1', { cartId: 'c1', by: 'them' });
    await trip.#settle();
    return trip;
  }

  evidence(changed: Partial<Evidence> = {}): Evidence {
    const [store, index, parking, payloads] = [this.#store, this.#index, this.#parking, this.#payloads];
    return { store, index, parking, payloads, left: new Map(), effects: this.#effects, now: this.#clock.now() + 86_400_000, ...changed };
  }

  get head(): Head {
    return this.#heads.get(PID) as Head;
  }

  #tell(happening: Happening): void {
    this.happenings.push(happening);
  }

  #arrive(type: string, id: string, data: Json): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#publish({
      source: 'trips',
      type,
      detail: JSON.stringify({ specversion: '1.0', id, source: 'trips', type, time, datacontenttype: 'application/json', hops: 0, data }),
    });
  }

  #publish(event: OutgoingEvent): string {
    this.#tell({ kind: 'published', told: [event] });
    const id = `e${(this.#ids += 1)}`;
    if (event.type === 'trips.trip-booked') return id;
    this.#put('inbox', `{"id":"${id}","detail-type":"${event.type}","source":"${event.source}","account":"1","detail":${event.detail}}`);
    return id;
  }

  #put(queue: string, body: string, delaySeconds = 0): string {
    const messageId = `m${(this.#ids += 1)}`;
    this.#tell({ kind: 'accepted', told: [queue, body, messageId] });
    const sentAt = this.#clock.now();
    const message = { messageId, body, sentAt, receiptHandle: messageId, receiveCount: 1 };
    this.#queued.push({ queue, message, visibleAt: sentAt + delaySeconds * 1_000 });
    return messageId;
  }

  async #settle(): Promise<void> {
    while (this.#queued.length > 0) {
      this.#queued.sort((a, b) => a.visibleAt - b.visibleAt);
      const { queue, message, visibleAt } = this.#queued.shift() as Queued;
      this.#clock.advanceTo(visibleAt);
      if (SERVICES.includes(queue)) this.#serve(message.body);
      else {
        const { giveBack } = await this.#engine.advance([message]);
        if (giveBack.length > 0) throw new Error(`${message.body} was given back`);
      }
      this.#tell({ kind: 'deleting', told: [queue, message.body, message.messageId] });
    }
  }

  #serve(body: string): void {
    const command = JSON.parse(body) as CommandEnvelope;
    const input = command.data as { readonly fate?: Fate; readonly reference?: string };
    const service = command.type.split('.')[0] as string;
    const time = new Date(this.#clock.now()).toISOString();
    if (service === 'hotels' && input.fate === 'no-hotel') {
      const data = { type: 'Refused', message: 'No room.', data: {} };
      this.#publish(eventOf(buildShortReply(command, { service, outcome: 'failed', data, time })));
      return;
    }
    const undoes = command.undoes === undefined ? {} : { undoes: command.undoes };
    const effect: Effect = { commandId: command.id, command: command.type, input: command.data ?? null, ...undoes };
    this.#effects.push(effect);
    this.#tell({ kind: 'effect', told: [effect] });
    const data = command.type.endsWith('.book') ? { reference: command.id } : null;
    this.#publish(eventOf(buildShortReply(command, { service, outcome: 'completed', data, time })));
  }
}

const eventOf = (reply: string): OutgoingEvent => {
  const { source, type } = JSON.parse(reply) as OutgoingEvent;
  return { source, type, detail: reply };
};

/** An auditor that has observed all these happenings. */
export const told = (happenings: readonly Happening[], options: Partial<AuditorOptions> = {}): Auditor => {
  const auditor = new Auditor({ builds: [trips], ...options });
  for (const { kind, told: parameters } of happenings) (auditor[kind] as (...all: readonly unknown[]) => void)(...parameters);
  return auditor;
};
