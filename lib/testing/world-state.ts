import { MemoryEventPublisher } from '../adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../adapters/memory/idempotency-store.ts';
import type { MemoryInstanceIndex } from '../adapters/memory/instance-index.ts';
import { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../adapters/memory/message-sender.ts';
import { MemoryErasureStore } from '../adapters/memory/erasure-store.ts';
import { MemoryParkingStore } from '../adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../adapters/memory/payload-store.ts';
import type { MemoryProcessStore } from '../adapters/memory/process-store.ts';
import { MemoryTable } from '../adapters/memory/table.ts';
import type { QueuedMessage } from '../adapters/memory/queued-message.ts';
import { VirtualClock } from '../adapters/memory/virtual-clock.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { INBOX } from '../format/inbox-message.ts';
import type { ErasureStore } from '../ports/erasure-store.ts';
import type { Head, JournalChunk } from '../ports/process-store.ts';
import { QUEUE_RECEIVES_MAX } from '../service/consumer/redelivery.ts';
import { memoryStores } from './memory-engine.ts';

/** The value of a deployment: docs/protocol.md#queues. */
const RECEIVE_COUNT_MAX = 20;

/** The state of one simulated system, which survives every crash. */
export interface WorldState {
  readonly clock: VirtualClock;
  readonly heads: MemoryTable<string, Head>;
  readonly chunks: MemoryTable<string, JournalChunk>;
  readonly payloadTexts: MemoryTable<string, string>;
  readonly store: MemoryProcessStore;
  readonly index: MemoryInstanceIndex;
  readonly payloads: MemoryPayloadStore;
  readonly parking: MemoryParkingStore;
  readonly erasure: ErasureStore;
  readonly records: MemoryIdempotencyStore;
  /** By name: the queues of the inbox and the services, and their dead-letter queues. */
  readonly queues: ReadonlyMap<string, MemoryMessageQueue>;
  readonly sender: MemoryMessageSender;
  readonly publisher: MemoryEventPublisher;
  /** The lines of processes and handlers. */
  readonly lines: ObservedLine[];
  /** Counts from 1, for the ids that clients create. */
  readonly nextId: () => number;
  /** Gives the bus the rules of this build, and each new service a queue. Messages in queues stay there. */
  readonly deploy: (system: SystemContract) => void;
}

/** `written` is called with each written head and its previous state. */
export function newWorldState(
  system: SystemContract,
  startsAt: number,
  written: (head: Head, previous: Head | undefined) => void,
): WorldState {
  const clock = new VirtualClock(startsAt);
  const { heads, chunks, index, store } = memoryStores(written);
  const payloadTexts = new MemoryTable<string, string>();
  const payloads = new MemoryPayloadStore(payloadTexts, new Map());
  const parking = new MemoryParkingStore();
  const queues = new Map<string, MemoryMessageQueue>();
  const open = queueOpener(queues, clock);
  open([INBOX, ...system.services.keys()]);
  const inbox = queues.get(INBOX) as MemoryMessageQueue;
  let received = eventsOf(system);
  let ids = 0;
  return {
    clock,
    heads,
    chunks,
    payloadTexts,
    index,
    queues,
    store,
    payloads,
    parking,
    erasure: new MemoryErasureStore({ chunks, payloads, parking }),
    records: new MemoryIdempotencyStore(),
    sender: new MemoryMessageSender(queues),
    publisher: new MemoryEventPublisher({
      clock,
      rules: [{ queue: inbox, matches: (event, replyTo) => replyTo === system.name || received.has(event.type) }],
    }),
    lines: [],
    nextId: () => (ids += 1),
    deploy: (next) => {
      open([...next.services.keys()]);
      received = eventsOf(next);
    },
  };
}

/** Opens the queues of these names that are not open yet, each with its dead-letter queue. */
function queueOpener(queues: Map<string, MemoryMessageQueue>, clock: VirtualClock): (names: readonly string[]) => void {
  const messages = new MemoryTable<number, QueuedMessage>();
  let number = 0;
  const shared = { clock, messages, nextNumber: () => (number += 1) };
  return (names) => {
    for (const name of names) {
      if (queues.has(name)) continue;
      const maxReceiveCount = name === INBOX ? RECEIVE_COUNT_MAX : QUEUE_RECEIVES_MAX;
      const deadLetter = new MemoryMessageQueue({ ...shared, name: `${name}-dead-letter` });
      queues.set(deadLetter.name, deadLetter);
      queues.set(name, new MemoryMessageQueue({ ...shared, name, deadLetter, maxReceiveCount }));
    }
  };
}

/** The event types of the bus rule of a system: those that its processes receive. */
function eventsOf(system: SystemContract): ReadonlySet<string> {
  const definitions = [...system.processes.values()].flat();
  return new Set(definitions.flatMap(({ startOn, receives }) => [...startOn, ...receives].map(({ event }) => event.type)));
}
