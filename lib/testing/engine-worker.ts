import type { System } from '../contract/system.ts';
import type { Engine } from '../engine/engine.ts';
import { INBOX } from '../format/inbox-message.ts';
import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { ParkingStore } from '../ports/parking-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { ColdTwin } from './cold-twin.ts';
import type { CrashPoints } from './crash-point.ts';
import { Life } from './life.ts';
import { heldIndex } from '../ports/parked-list.ts';
import { memoryEngine } from './memory-engine.ts';
import type { WorldState } from './world-state.ts';

export interface WorkerContext {
  readonly system: System<string>;
  readonly state: WorldState;
  readonly points: CrashPoints;
  readonly random: () => number;
}

/** One engine from its start until a crash ends it. Its warm instances are lost with it. */
export class EngineWorker {
  readonly #life = new Life();
  readonly #state: WorldState;
  readonly #points: CrashPoints;
  readonly #engine: Engine;
  readonly #twin: ColdTwin;

  constructor(context: WorkerContext, twin: ColdTwin) {
    const { system, state, random } = context;
    this.#state = state;
    this.#points = context.points;
    this.#twin = twin;
    this.#engine = memoryEngine({
      system,
      ports: {
        store: this.#store(),
        index: state.index,
        sender: this.#sender(),
        publisher: this.#publisher(),
        payloads: this.#life.holds(state.payloads),
        parking: this.#parking(),
        erasure: this.#life.holds(state.erasure),
        held: heldIndex({ index: state.index, parking: state.parking }, 0),
      },
      // No time passes while the world settles, so a sleep ends with the turn of the event loop.
      clock: { now: () => state.clock.now(), sleep: turn },
      checks: true,
      onLog: (line) => void state.lines.push(line),
      random,
    });
    void this.#life.over.then(() => this.#engine.abandon());
  }

  /** Handles the visible messages of the inbox. Returns whether the engine survived; if not, the messages in flight are visible again. */
  async advance(): Promise<boolean> {
    return this.#receive(INBOX, async (messages, queue) => {
      this.#twin.begin();
      const { acknowledge, giveBack } = await this.#engine.advance(messages);
      await this.#settle(queue, acknowledge, giveBack);
      await this.#twin.compare(messages);
    });
  }

  async drain(): Promise<boolean> {
    return this.#receive(`${INBOX}-dead-letter`, async (messages, queue) => {
      const { acknowledge, giveBack } = await this.#engine.drainDeadLetters(messages);
      await this.#settle(queue, acknowledge, giveBack);
    });
  }

  async sweep(): Promise<boolean> {
    await Promise.race([this.#engine.sweep(), this.#life.over]);
    return this.#life.alive;
  }

  async #receive(
    name: string,
    handle: (messages: Awaited<ReturnType<MemoryMessageQueue['receive']>>, queue: MemoryMessageQueue) => Promise<void>,
  ): Promise<boolean> {
    const queue = this.#state.queues.get(name) as MemoryMessageQueue;
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    await Promise.race([handle(messages, queue), this.#life.over]);
    if (!this.#life.alive) await queue.changeVisibility(messages.map(({ receiptHandle }) => ({ receiptHandle, seconds: 0 })));
    return this.#life.alive;
  }

  async #settle(
    queue: MemoryMessageQueue,
    acknowledge: readonly string[],
    giveBack: Parameters<MemoryMessageQueue['changeVisibility']>[0],
  ): Promise<void> {
    if (acknowledge.length > 0) {
      await this.#points.pass('before-acknowledge', this.#life);
      await queue.delete(acknowledge);
    }
    await queue.changeVisibility(giveBack);
  }

  #store(): ProcessStore {
    const { store } = this.#state;
    const { points, life } = { points: this.#points, life: this.#life };
    return life.holds({
      load: (pids) => store.load(pids),
      spill: (chunk) => store.spill(chunk),
      chunks: (pid, run) => store.chunks(pid, run),
      buffer: async (event) => {
        await points.pass('before-commit', life);
        const result = await store.buffer(event);
        await points.pass('after-commit', life);
        return result;
      },
      commit: async (head, expected) => {
        await points.pass('before-commit', life);
        const result = await store.commit(head, expected);
        await points.pass('after-commit', life);
        return result;
      },
    } satisfies ProcessStore);
  }

  #sender(): MessageSender {
    const { sender } = this.#state;
    return this.#life.holds({
      send: async (queue, messages) => {
        const results = await sender.send(queue, messages);
        this.#twin.sent(
          queue,
          messages.map(({ body }) => body),
        );
        await this.#points.pass('after-send', this.#life);
        return results;
      },
    } satisfies MessageSender);
  }

  #publisher(): EventPublisher {
    const { publisher } = this.#state;
    return this.#life.holds({
      publish: async (events) => {
        const results = await publisher.publish(events);
        await this.#points.pass('after-send', this.#life);
        return results;
      },
    } satisfies EventPublisher);
  }

  #parking(): ParkingStore {
    const { parking } = this.#state;
    return this.#life.holds({
      park: (event) => parking.park(event),
      parked: (pid, ids) => parking.parked(pid, ids),
      redriven: (pid, ids, at) => parking.redriven(pid, ids, at),
      discarded: (pid, ids, discarded) => parking.discarded(pid, ids, discarded),
      attempt: async (messageId, change) => {
        const count = await parking.attempt(messageId, change);
        this.#twin.attempted(messageId, count);
        return count;
      },
    } satisfies ParkingStore);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
