import { MemoryEventPublisher } from '../adapters/memory/event-publisher.ts';
import { MemoryInstanceIndex } from '../adapters/memory/instance-index.ts';
import { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../adapters/memory/payload-store.ts';
import { chunkGroup, MemoryProcessStore } from '../adapters/memory/process-store.ts';
import { MemoryTable } from '../adapters/memory/table.ts';
import { VirtualClock } from '../adapters/memory/virtual-clock.ts';
import type { System } from '../contract/system.ts';
import { systemContract } from '../contract/system.ts';
import { Engine, type EngineOptions } from '../engine/engine.ts';
import { INBOX } from '../format/inbox-message.ts';
import type { Clock } from '../ports/clock.ts';
import type { Head, JournalChunk } from '../ports/process-store.ts';
import { frontEndOf } from '../process/front-end.ts';
// oxlint-disable-next-line import/no-unassigned-import -- in a test a first message takes no more turns of the event loop than a later one
import '../engine/on-demand.ts';
// oxlint-disable-next-line import/no-unassigned-import -- the same
import '../engine/admit/named-in-message.ts';

/** The ports of an engine, except its clock. */
export type EnginePortMap = Pick<EngineOptions, 'store' | 'index' | 'sender' | 'publisher' | 'payloads' | 'parking' | 'held' | 'erasure'>;

export interface MemoryEngineOptions extends Partial<Omit<EngineOptions, keyof EnginePortMap | 'frontEndOf'>> {
  readonly system: System<string>;
  /** @default adapters in memory that are new, and a bus without rules; the index of a given store finds no timer */
  readonly ports?: Partial<EnginePortMap>;
}

/** The engine of production for a test, a simulation or a benchmark. In: the ports that the caller watches or breaks. */
export function memoryEngine({ system, ports = {}, clock = new VirtualClock(0), ...options }: MemoryEngineOptions): Engine {
  const { store, index } = ports.store ? { store: ports.store, index: NO_TIMERS } : memoryStores();
  return new Engine({
    system,
    frontEndOf,
    clock,
    store,
    index: ports.index ?? index,
    sender: ports.sender ?? new MemoryMessageSender(queuesOf(system, clock)),
    publisher: ports.publisher ?? new MemoryEventPublisher({ clock, rules: [] }),
    payloads: ports.payloads ?? new MemoryPayloadStore(),
    parking: ports.parking ?? new MemoryParkingStore(),
    ...(ports.held && { held: ports.held }),
    ...(ports.erasure && { erasure: ports.erasure }),
    ...options,
  });
}

const NO_TIMERS: EnginePortMap['index'] = { due: () => Promise.resolve([]) };

/** A process store in memory with its tables and its index. `written` is called with each written head and its previous state. */
export function memoryStores(written?: (head: Head, previous: Head | undefined) => void) {
  const heads = new MemoryTable<string, Head>();
  const chunks = new MemoryTable<string, JournalChunk>(chunkGroup);
  const index = new MemoryInstanceIndex(heads);
  const store = new MemoryProcessStore({
    heads,
    chunks,
    written: (head, previous) => {
      index.written(head, previous);
      written?.(head, previous);
    },
  });
  return { heads, chunks, index, store };
}

function queuesOf(system: System<string>, clock: Clock): Map<string, MemoryMessageQueue> {
  const names = [INBOX, ...systemContract(system).services.keys()];
  return new Map(names.map((name) => [name, new MemoryMessageQueue({ name, clock })]));
}
