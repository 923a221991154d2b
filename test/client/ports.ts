import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import type { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import { memoryStores } from '../../lib/testing/memory-engine.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { storingIn } from '../../lib/client/carried-data.ts';
import type { ClientPorts } from '../../lib/client/connection.ts';
import type { Head } from '../../lib/ports/process-store.ts';

export const NOW = Date.parse('2026-11-21T10:00:00.000Z');

export interface MemoryPorts extends ClientPorts {
  readonly store: MemoryProcessStore;
  readonly payloads: MemoryPayloadStore;
  readonly parking: MemoryParkingStore;
  readonly clock: VirtualClock;
  readonly inbox: MemoryMessageQueue;
  /** Writes a head as the engine would commit it. */
  put(head: Head): Promise<void>;
}

/** The ports of a client, in memory and without an engine: the test writes the effects of the engine. */
export function memoryPorts(): MemoryPorts {
  const clock = new VirtualClock(NOW);
  const { store, index } = memoryStores();
  const inbox = new MemoryMessageQueue({ name: 'inbox', clock });
  const payloads = new MemoryPayloadStore();
  return {
    clock,
    inbox,
    store,
    index,
    sender: new MemoryMessageSender(new Map([['inbox', inbox]])),
    publisher: new MemoryEventPublisher({ clock, rules: [] }),
    payloads,
    storeLarge: storingIn(payloads),
    parking: new MemoryParkingStore(),
    principal: 'tester',
    answer: () => Promise.resolve(),
    durable: () => Promise.resolve(),
    put: async (head) => {
      const [before] = await store.load([head.pid]);
      await store.commit(head, before === undefined ? { kind: 'absent' } : { kind: 'at', version: before.version, run: before.run });
    },
  };
}

export function head(over: Partial<Head> = {}): Head {
  return {
    pid: 'default#order#o-1',
    version: 1,
    writer: 'w',
    run: 'r1',
    status: 'running',
    definition: 'order@1',
    clock: NOW,
    control: '',
    tail: [],
    tailFrom: 0,
    startedAt: NOW,
    ...over,
  };
}
