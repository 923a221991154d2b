import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import type { CommandContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { MessageQueue } from '../ports/message-queue.ts';
import { Consumer } from '../service/consumer/consumer.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { servedParts, type Served, type ServedCommand, type ServedParts } from '../service/served.ts';
import type { CommandTask } from '../service/task.ts';
import type { WorkerContext } from './engine-worker.ts';
import { Life } from './life.ts';

export interface ServiceWatch {
  /** A handler starts a command. */
  readonly called: (command: CommandContract, commandId: string, input: Json) => void;
  readonly report: (notice: ServiceNotice) => void;
}

/** Rolls a transaction back, as a crash does. It is not an error of a handler. */
export class KilledInTransaction extends Error {}

/** One worker of a service from its start until a crash ends it. */
export class ServiceWorker {
  readonly #life = new Life();
  readonly #context: WorkerContext;
  readonly #queue: MemoryMessageQueue;
  readonly #consumer: Consumer;
  #nonces = 0;

  constructor(context: WorkerContext, served: Served, watch: ServiceWatch) {
    const { state, random } = context;
    const { contract } = servedParts(served);
    this.#context = context;
    this.#queue = state.queues.get(contract.name) as MemoryMessageQueue;
    this.#consumer = new Consumer({
      served: this.#mortal(served, watch),
      queue: this.#queuePort(),
      store: this.#life.holds(state.records),
      publisher: this.#publisher(),
      payloads: this.#life.holds(state.payloads),
      clock: state.clock,
      sender: this.#life.holds(state.sender),
      random,
      // Equal in every run of a test, where tokens need no secret.
      newNonce: () => String((this.#nonces += 1)).padStart(22, '0'),
      report: watch.report,
      onLog: (line) => void state.lines.push(line),
    });
  }

  /** Handles the visible messages of its queue. Returns whether the worker survived; if not, the messages in flight are visible again. */
  async advance(): Promise<boolean> {
    const messages = await this.#queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    await Promise.race([this.#consumer.handle(messages), this.#life.over]);
    if (!this.#life.alive) await this.#queue.changeVisibility(messages.map(({ receiptHandle }) => ({ receiptHandle, seconds: 0 })));
    return this.#life.alive;
  }

  /** The service with watched handlers, in which the worker can be killed. */
  #mortal(served: Served, watch: ServiceWatch): Served {
    const parts = servedParts(served);
    const commands = new Map([...parts.commands].map(([name, command]) => [name, this.#watched(command, watch)]));
    const mortal: ServedParts = { ...parts, commands, ...(parts.records && { records: this.#life.holds(parts.records) }) };
    return { '~service': parts.contract.name, '~': mortal } as unknown as Served;
  }

  #watched(command: ServedCommand, watch: ServiceWatch): ServedCommand {
    return {
      ...command,
      run: async (input, task, prepared) => {
        watch.called(command.contract, (task as CommandTask).commandId, input as Json);
        await this.#pass('in-handler', command);
        try {
          return await command.run(input, task, prepared);
        } finally {
          await this.#pass('after-effect', command);
        }
      },
    };
  }

  async #pass(at: 'in-handler' | 'after-effect', command: ServedCommand): Promise<void> {
    if (this.#context.points.passes(at, this.#life)) return;
    // The database rolls back the transaction of a dead worker. Every other effect stays.
    if (command.effect === 'transaction') throw new KilledInTransaction('The worker was killed inside its transaction.');
    await Life.never();
  }

  #queuePort(): MessageQueue {
    const queue = this.#queue;
    return this.#life.holds({
      receive: (options) => queue.receive(options),
      changeVisibility: (changes) => queue.changeVisibility(changes),
      delete: async (receiptHandles) => {
        await this.#context.points.pass('before-acknowledge', this.#life);
        return queue.delete(receiptHandles);
      },
    } satisfies MessageQueue);
  }

  #publisher(): EventPublisher {
    const { publisher } = this.#context.state;
    return this.#life.holds({
      publish: async (events) => {
        const results = await publisher.publish(events);
        await this.#context.points.pass('after-reply', this.#life);
        return results;
      },
    } satisfies EventPublisher);
  }
}
