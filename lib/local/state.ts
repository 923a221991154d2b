import { setImmediate as nextTurn } from 'node:timers/promises';
import { SystemClock } from '../adapters/system/clock.ts';
import { type BusRule, MemoryEventPublisher } from '../adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../adapters/memory/idempotency-store.ts';
import { type DueOptions, MemoryInstanceIndex } from '../adapters/memory/instance-index.ts';
import { MemoryMessageQueue, type QueueOptions } from '../adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../adapters/memory/payload-store.ts';
import { MemoryProcessStore, memoryProcessTables } from '../adapters/memory/process-store.ts';
import { MemoryErasureStore } from '../adapters/memory/erasure-store.ts';
import { MemoryRetirementStore } from '../adapters/memory/retirement-store.ts';
import { MemoryTable } from '../adapters/memory/table.ts';
import { SqliteErasureStore } from '../adapters/embedded/erasure-store.ts';
import { SqliteIdempotencyStore } from '../adapters/embedded/idempotency-store.ts';
import { SqliteInstanceIndex } from '../adapters/embedded/instance-index.ts';
import type { LogOptions } from '../adapters/embedded/log/log.ts';
import type { Seal } from '../adapters/embedded/log/seal.ts';
import { SqliteMessageQueue } from '../adapters/embedded/message-queue.ts';
import { allParked, SqliteParkingStore } from '../adapters/embedded/parking-store.ts';
import { SqlitePayloadStore } from '../adapters/embedded/payload-store.ts';
import { SqliteProcessStore } from '../adapters/embedded/process-store.ts';
import { SqliteRetirementStore } from '../adapters/embedded/retirement-store.ts';
import { openTables, type SqliteTables } from '../adapters/embedded/tables.ts';
import { LEASE_MS } from '../service/consumer/consumer.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import type { Clock } from '../ports/clock.ts';
import type { IdempotencyStore } from '../ports/idempotency-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { ErasureStore } from '../ports/erasure-store.ts';
import type { RetirementStore } from '../ports/retirement-store.ts';
import { QUEUE_RECEIVES_MAX } from '../service/consumer/redelivery.ts';

/** The queue of the engine. */
export const INBOX_QUEUE = 'inbox';
const ENGINE_QUEUES: ReadonlySet<string> = new Set([INBOX_QUEUE, `${INBOX_QUEUE}-dead-letter`]);
/** Due instances of one sweep: ten sweeps a second are faster than the engine, and none of them holds the thread for long. */
const DUE_MAX = 500;
/** As deployed: docs/protocol.md#queues. */
const RECEIVE_COUNT_MAX = 20;

export interface StateOptions {
  /** Each service has a queue. Events that its processes subscribe to, and events addressed to the system, go to the inbox. */
  readonly system: Pick<SystemContract, 'name' | 'processes' | 'services'>;
  /** The system's folder. @default the state is in memory and ends with the process */
  readonly directory?: string;
  /** In memory even if a folder is given. @default false */
  readonly memory?: boolean;
  /** @default the system clock */
  readonly clock?: Clock;
  /** Deliveries of a message before it is a dead letter. @default 20 */
  readonly maxReceiveCount?: number;
  /** Size of the log, in characters, at which it is moved into the tables. @default 32 MB */
  readonly checkpointLength?: number;
  /** Most values of a table that are cached in memory; 0 reads them from disk each time. @default by table */
  readonly keptMax?: number;
  /** How long the due index waits before it returns an instance again whose timer has not fired. @default 0 */
  readonly duePaceMs?: number;
  /** Prefix of the keys of command records. @default none */
  readonly recordPrefix?: string;
  /** Encrypts the folder. @default it is plain text */
  readonly seal?: Seal | undefined;
  /** Called when the disk begins to take no writes, and not again before it has taken them. @default nothing is called */
  readonly stalled?: (error: unknown) => void;
}

/** The state of one system, behind the ports. */
export interface State {
  readonly clock: Clock;
  readonly processStore: ProcessStore;
  readonly instanceIndex: MemoryInstanceIndex;
  readonly retirementStore: RetirementStore;
  readonly erasureStore: ErasureStore;
  readonly parkingStore: MemoryParkingStore;
  readonly payloadStore: PayloadStore;
  readonly idempotencyStore: IdempotencyStore;
  /** By name: `inbox`, the services, and of each its `-dead-letter`. */
  readonly queues: ReadonlyMap<string, MemoryMessageQueue>;
  readonly sender: MemoryMessageSender;
  readonly publisher: MemoryEventPublisher;
  /** Resolves when all earlier changes survive a crash. Effects outside of the process wait for it. */
  readonly durable: () => Promise<void>;
  /** As `durable`, but rejects while the disk takes no writes. */
  readonly durableOrRefused: () => Promise<void>;
  /** The error because of which no change becomes durable, as on a full disk; undefined if commits succeed. */
  readonly stalledBy: () => unknown;
  /** From now on `durable` rejects if the disk takes no writes. */
  readonly stopWaiting: () => void;
  /** Removes large values that nothing in the folder names any more, unless `signal` aborts; returns how many. In memory it removes none. */
  readonly sweepPayloads: (signal?: AbortSignal) => Promise<number>;
  /** Moves the log into the tables now, at once instead of in slices. */
  readonly checkpoint: () => void;
  /** Makes everything durable and releases the folder. */
  readonly close: () => void;
  /** Releases the folder in the state of a crash; for tests. */
  readonly abandon: () => void;
}

type Stores = Pick<
  State,
  | 'processStore'
  | 'instanceIndex'
  | 'retirementStore'
  | 'erasureStore'
  | 'parkingStore'
  | 'payloadStore'
  | 'idempotencyStore'
  | 'durable'
  | 'durableOrRefused'
  | 'stalledBy'
  | 'stopWaiting'
  | 'sweepPayloads'
  | 'checkpoint'
  | 'close'
  | 'abandon'
>;

/**
 * Opens the state of a system, and locks its folder.
 * @throws ClientError `UNREACHABLE` if another process, which the message names, has the folder open; `STATE_CORRUPT` if it is damaged
 * @throws OrchestratorError `STATE_FORMAT` if another version of Tutti wrote it in another format
 */
export function openState(options: StateOptions): State {
  const clock = options.clock ?? new SystemClock();
  const { directory } = options;
  const logged =
    directory === undefined || options.memory === true
      ? undefined
      : openTables(directory, { ...logOptions(options), leasesFrom: clock.now() + LEASE_MS });
  const queues = openQueues(options, clock, logged);
  const due = options.duePaceMs === undefined ? {} : { paceMs: options.duePaceMs, dueMax: DUE_MAX };
  const stores = logged === undefined ? memoryStores(due) : sqliteStores(logged, due, options.recordPrefix ?? '');
  const bus = { clock, rules: rulesOf(options.system, queues.get(INBOX_QUEUE) as MemoryMessageQueue) };
  return {
    clock,
    ...stores,
    queues,
    sender: new MemoryMessageSender(queues),
    publisher: new MemoryEventPublisher(logged === undefined ? bus : { ...bus, newId: eventIds(logged), durable: stores.durable }),
  };
}

function logOptions({ checkpointLength, keptMax, seal, stalled }: StateOptions): LogOptions {
  return {
    ...(seal && { seal }),
    ...(checkpointLength === undefined ? {} : { checkpointLength }),
    ...(keptMax === undefined ? {} : { keptMax }),
    ...(stalled === undefined ? {} : { stalled }),
  };
}

function memoryStores(due: DueOptions): Stores {
  const tables = memoryProcessTables();
  const parkingStore = new MemoryParkingStore();
  const payloadStore = new MemoryPayloadStore(undefined, new Map());
  const index = new MemoryInstanceIndex(tables.heads, { ...due, turn: nextTurn });
  return {
    processStore: new MemoryProcessStore({ ...tables, written: (head, previous) => index.written(head, previous) }),
    instanceIndex: index,
    retirementStore: new MemoryRetirementStore(tables, (head) => index.gone(head)),
    erasureStore: new MemoryErasureStore({ chunks: tables.chunks, payloads: payloadStore, parking: parkingStore }),
    parkingStore,
    payloadStore,
    idempotencyStore: new MemoryIdempotencyStore(),
    durable: () => Promise.resolve(),
    durableOrRefused: () => Promise.resolve(),
    stalledBy: () => undefined,
    stopWaiting: () => {},
    sweepPayloads: () => Promise.resolve(0),
    checkpoint: () => {},
    close: () => {},
    abandon: () => {},
  };
}

function sqliteStores(tables: SqliteTables, due: DueOptions, recordPrefix: string): Stores {
  const { log, heads, chunks } = tables;
  const durable = (): Promise<void> => log.durable();
  const payloadStore = new SqlitePayloadStore(tables.payloads, log.inspection.directory);
  const parkingStore = new SqliteParkingStore({
    parked: tables.parked,
    attempts: tables.attempts,
    all: allParked(log, tables.parked),
    durable,
  });
  const index = new SqliteInstanceIndex(heads, log.database, due);
  return {
    processStore: new SqliteProcessStore({ heads, chunks, written: (head, previous) => index.written(head, previous) }),
    instanceIndex: index,
    retirementStore: new SqliteRetirementStore(tables, {
      recordPrefix,
      gone: (head) => index.gone(head),
      limitTest: async () => (await import('../service/consumer/limits/limit-state.ts')).isOver,
    }),
    erasureStore: new SqliteErasureStore(tables, {
      parking: parkingStore,
      payloads: payloadStore,
      recordPrefix,
      engineQueues: ENGINE_QUEUES,
    }),
    parkingStore,
    payloadStore,
    idempotencyStore: new SqliteIdempotencyStore(tables.records, durable),
    durable,
    durableOrRefused: () => log.durableOrRefused(),
    stalledBy: () => log.stalledBy,
    stopWaiting: () => log.stopWaiting(),
    sweepPayloads: async (signal) => {
      const { sweepPayloads } = await import('../adapters/embedded/payload-sweep.ts');
      return sweepPayloads(tables, { isFresh: (hash) => payloadStore.isFresh(hash), ...(signal && { signal }) });
    },
    checkpoint: () => log.checkpoint(),
    close: () => log.close(),
    abandon: () => log.abandon(),
  };
}

/** Each queue and its dead-letter queue. A service is outside of the log, so its queue delivers only durable messages. */
function openQueues(options: StateOptions, clock: Clock, tables: SqliteTables | undefined): ReadonlyMap<string, MemoryMessageQueue> {
  const queues = new Map<string, MemoryMessageQueue>();
  const receivesMax = (name: string): number => options.maxReceiveCount ?? (name === INBOX_QUEUE ? RECEIVE_COUNT_MAX : QUEUE_RECEIVES_MAX);
  const open = (queue: QueueOptions): MemoryMessageQueue => {
    const opened = tables === undefined ? new MemoryMessageQueue(queue) : new SqliteMessageQueue(queue);
    queues.set(queue.name, opened);
    return opened;
  };
  const shared = { clock, ...(tables === undefined ? memoryMessages() : loggedMessages(tables)) };
  for (const name of [INBOX_QUEUE, ...options.system.services.keys()]) {
    const deadLetter = open({ ...shared, name: `${name}-dead-letter` });
    open({ ...shared, name, deadLetter, maxReceiveCount: receivesMax(name), durableOnly: name !== INBOX_QUEUE });
  }
  return queues;
}

/** One table and one count for all queues, since a message keeps its number when it becomes a dead letter. */
function memoryMessages(): Pick<QueueOptions, 'messages' | 'nextNumber'> {
  let number = 0;
  return { messages: new MemoryTable(), nextNumber: () => (number += 1) };
}

function loggedMessages({ log, messages }: SqliteTables): Pick<QueueOptions, 'messages' | 'nextNumber' | 'log' | 'wake'> {
  return {
    messages,
    nextNumber: () => log.nextNumber,
    log,
    // A receiver that wakes when the code in progress has ended finds all messages that this code puts, and needs no turn of the event loop.
    wake: (run) => process.nextTick(run),
  };
}

/** Unique over restarts, because the log's number never goes back behind a published one. */
function eventIds({ log }: SqliteTables): () => string {
  let count = 0;
  return () => `${log.nextNumber}-${(count += 1)}`;
}

function rulesOf(system: StateOptions['system'], inbox: MemoryMessageQueue): BusRule[] {
  const subscribed = new Set<string>();
  for (const versions of system.processes.values()) {
    for (const process of versions) for (const { event } of [...process.startOn, ...process.receives]) subscribed.add(event.type);
  }
  return [{ queue: inbox, matches: (event, replyTo) => replyTo === system.name || subscribed.has(event.type) }];
}
