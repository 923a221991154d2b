import { systemContract, type System } from '../contract/system.ts';
import { ClientError } from '../contract/errors.ts';
import { connectionOf, type ClientPorts, type Connection } from '../client/connection.ts';
import { Engine } from '../engine/engine.ts';
import { frontEndOf } from '../process/front-end.ts';
import type { Head } from '../ports/process-store.ts';
import type { MessageQueue } from '../ports/message-queue.ts';
import { Consumer } from '../service/consumer.ts';
import { answerDeferred } from '../service/deferred-answer.ts';
import { servedParts, type Served } from '../service/serve.ts';
import { readTaskToken } from '../service/task-token.ts';
import { WatchedProcessStore } from './head-watch.ts';
import { INBOX, openState, type State } from './state.ts';

export interface RuntimeOptions {
  /** The folder that holds the system's state. @default all is kept in memory, and gone with the process */
  readonly directory?: string;
  /** What runs here. A service that is not given runs elsewhere, or later: its commands wait in its queue. */
  readonly services: readonly Served[];
  /** Development: misuse that production tolerates is a bug, and each activation is replayed at the next. @default false */
  readonly checks?: boolean;
  /** Who acts, in journals. @default 'local' */
  readonly principal?: string;
  /** Told of each commit, for a live view. */
  readonly onCommit?: (head: Head) => void;
}

/** Instances with a longer journal are kept warm also while checking: replaying them at each event would take too long. */
const CHECKED_ENTRIES_MAX = 200;
/** The engine takes this many messages at a time; one turn of the event loop then serves many instances. */
const ENGINE_BATCH = 256;
const SERVICE_BATCH = 64;
const WAIT_SECONDS = 20;
const VISIBILITY_SECONDS = 120;
const SWEEP_MS = 100;

/**
 * One system in one process (ARCHITECTURE.md): the queues, the bus and the stores of one folder, the engine between them,
 * and the services, each polling its own queue. Commit and send are separate calls, so every crash window of AWS is here too.
 */
export class Runtime {
  readonly state: State;
  readonly connection: Connection;
  readonly #store: WatchedProcessStore;
  readonly #engine: Engine;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[];

  constructor(system: System<string>, options: RuntimeOptions) {
    const contract = systemContract(system);
    this.state = openState({ system: contract, ...(options.directory !== undefined && { directory: options.directory }) });
    const { state } = this;
    this.#store = new WatchedProcessStore(state.processStore, options.onCommit);
    this.#engine = new Engine({
      system,
      frontEndOf,
      store: this.#store,
      index: state.instanceIndex,
      sender: state.sender,
      publisher: state.publisher,
      payloads: state.payloadStore,
      parking: state.parkingStore,
      clock: state.clock,
      // Here the due index is as near as the inbox, so no timer needs a message of its own.
      tickHorizonMs: -1,
      checks: options.checks ?? false,
      ...(options.checks && { warmEntriesMin: CHECKED_ENTRIES_MAX }),
    });
    this.connection = connectionOf(this.#ports(options));
    const consumers = options.services.map((served) => this.#consumer(served));
    const { signal } = this.#stopping;
    this.#running = [
      ...consumers.map((consumer) => consumer.poll(signal)),
      this.#pump(INBOX, (messages) => this.#engine.advance(messages)),
      this.#pump(`${INBOX}-dead-letter`, (messages) => this.#engine.drainDeadLetters(messages)),
      this.#sweep(),
    ];
  }

  /** Lets handlers finish, makes everything durable and gives the folder back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
    this.state.close();
  }

  #consumer(served: Served): Consumer {
    const { state } = this;
    const name = servedParts(served).contract.name;
    return new Consumer({
      served,
      queue: this.#queue(name),
      store: state.idempotencyStore,
      publisher: state.publisher,
      payloads: state.payloadStore,
      clock: state.clock,
      sender: state.sender,
      random: Math.random,
      receiveMax: SERVICE_BATCH,
    });
  }

  #queue(name: string): MessageQueue {
    const queue = this.state.queues.get(name);
    if (!queue) throw new ClientError('NOT_FOUND', `The service ${name} is served, but is none of this system's: it has ${[...this.state.queues.keys()].filter((each) => !each.endsWith('-dead-letter') && each !== INBOX).join(', ')}.`);
    return queue;
  }

  async #pump(name: string, advance: Engine['advance']): Promise<void> {
    const { signal } = this.#stopping;
    const queue = this.#queue(name);
    while (!signal.aborted) {
      const messages = await queue.receive({ max: ENGINE_BATCH, waitSeconds: WAIT_SECONDS, visibilitySeconds: VISIBILITY_SECONDS, signal });
      if (messages.length === 0) continue;
      const { acknowledge, giveBack } = await advance(messages);
      if (acknowledge.length > 0) await queue.delete(acknowledge);
      if (giveBack.length > 0) await queue.changeVisibility(giveBack);
    }
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#engine.sweep();
      await this.state.clock.sleep(SWEEP_MS, signal);
    }
  }

  #ports(options: RuntimeOptions): ClientPorts {
    const { state } = this;
    const stores = new Map(options.services.map((served) => [servedParts(served).contract.name, served]));
    return {
      sender: state.sender,
      publisher: state.publisher,
      store: this.#store,
      index: state.instanceIndex,
      payloads: state.payloadStore,
      parking: state.parkingStore,
      clock: state.clock,
      principal: options.principal ?? 'local',
      durable: state.durable,
      changed: (pid) => this.#store.changed(pid),
      answer: async ({ token, answer }) => {
        const { service } = readTaskToken(token);
        const served = stores.get(service);
        if (!served) throw new ClientError('TOKEN_INVALID', `The token is of the service ${service}, which does not run here.`);
        const { contract, records } = servedParts(served);
        await answerDeferred({ token, answer }, { service: contract, store: records ?? state.idempotencyStore, publisher: state.publisher, payloads: state.payloadStore, clock: state.clock });
        await state.durable();
      },
    };
  }
}
