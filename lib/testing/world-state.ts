import { MemoryEventPublisher } from '../adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../adapters/memory/idempotency-store.ts';
import { MemoryInstanceIndex } from '../adapters/memory/instance-index.ts';
import { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../adapters/memory/payload-store.ts';
import { chunkGroup, MemoryProcessStore } from '../adapters/memory/process-store.ts';
import { MemoryTable } from '../adapters/memory/table.ts';
import type { QueuedMessage } from '../adapters/memory/message.ts';
import { VirtualClock } from '../adapters/memory/virtual-clock.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { INBOX } from '../format/inbox-message.ts';
import type { Head, JournalChunk } from '../ports/process-store.ts';
import { QUEUE_RECEIVES_MAX } from '../service/consumer/redelivery.ts';

/** As deployed: docs/protocol.md#queues. */
const RECEIVE_COUNT_MAX = 20;

/** All that one simulated system holds; it survives every crash. */
export interface WorldState {
  readonly clock: VirtualClock;
  readonly heads: MemoryTable<string, Head>;
  readonly chunks: MemoryTable<string, JournalChunk>;
  readonly payloadTexts: MemoryTable<string, string>;
  readonly store: MemoryProcessStore;
  readonly index: MemoryInstanceIndex;
  readonly payloads: MemoryPayloadStore;
  readonly parking: MemoryParkingStore;
  readonly records: MemoryIdempotencyStore;
  /** By name: the inbox, the services, and of each its dead letters. */
  readonly queues: ReadonlyMap<string, MemoryMessageQueue>;
  readonly sender: MemoryMessageSender;
  readonly publisher: MemoryEventPublisher;
  /** For the ids of clients: from 1. */
  readonly nextId: () => number;
  /** From now on the bus has the rules of this build, and the services that are new have queues. What lies in a queue stays there. */
  readonly deploy: (system: SystemContract) => void;
}

/** `written` is told of each head that is written, and what stood before. */
export const newWorldState = (
  system: SystemContract,
  startsAt: number,
  written: (head: Head, previous: Head | undefined) => void,
): WorldState => {
  const clock = new VirtualClock(startsAt);
  const heads = new MemoryTable<string, Head>();
  const chunks = new MemoryTable<string, JournalChunk>(chunkGroup);
  const payloadTexts = new MemoryTable<string, string>();
  const index = new MemoryInstanceIndex(heads);
  const queues = new Map<string, MemoryMessageQueue>();
  const open = queueOpener(queues, clock);
  open([INBOX, ...system.services.keys()]);
  const inbox = queues.get(INBOX) as MemoryMessageQueue;
  let heard = heardBy(system);
  let ids = 0;
  return {
    clock,
    heads,
    chunks,
    payloadTexts,
    index,
    queues,
    store: new MemoryProcessStore({
      heads,
      chunks,
      written: (head, previous) => {
        index.written(head, previous);
        written(head, previous);
      },
    }),
    payloads: new MemoryPayloadStore(payloadTexts),
    parking: new MemoryParkingStore(),
    records: new MemoryIdempotencyStore(),
    sender: new MemoryMessageSender(queues),
    publisher: new MemoryEventPublisher({
      clock,
      rules: [{ queue: inbox, matches: (event, replyTo) => replyTo === system.name || heard.has(event.type) }],
    }),
    nextId: () => (ids += 1),
    deploy: (next) => {
      open([...next.services.keys()]);
      heard = heardBy(next);
    },
  };
};

/** Opens the queues of these names that are not open, each with its dead letters. */
const queueOpener = (queues: Map<string, MemoryMessageQueue>, clock: VirtualClock): ((names: readonly string[]) => void) => {
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
};

/** The bus rule of a system: what its processes hear. */
const heardBy = (system: SystemContract): ReadonlySet<string> => {
  const definitions = [...system.processes.values()].flat();
  return new Set(definitions.flatMap(({ startOn, receives }) => [...startOn, ...receives].map(({ event }) => event.type)));
};
