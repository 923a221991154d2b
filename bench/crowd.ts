/** Answers that reach one instance at the same time, each in an environment of its own, as in a Lambda function that scales out. */
import type { CommandEnvelope } from '../lib/contract/wire/envelope.ts';
import { systemContract } from '../lib/contract/system.ts';
import { SeededRandom } from '../lib/core/seeded-random.ts';
import { VirtualClock } from '../lib/adapters/memory/virtual-clock.ts';
import type { MemoryMessageQueue } from '../lib/adapters/memory/message-queue.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { HOT_LANE, INBOX } from '../lib/format/inbox-message.ts';
import { openState, type State } from '../lib/local/state.ts';
import type { ReceivedMessage } from '../lib/ports/message-queue.ts';
import type { MessageSender } from '../lib/ports/message-sender.ts';
import type { ProcessStore } from '../lib/ports/process-store.ts';
import { enginePortsOf } from '../lib/local/engine-ports.ts';
import { memoryEngine } from '../lib/testing/memory-engine.ts';
import { buildShortReply } from '../lib/service/consumer/reply.ts';
import { BATCH } from './counted-world.ts';
import { CountingProcessStore, noCounts } from './counting-ports.ts';
import { tours } from './systems.ts';

/** Duration of calls in milliseconds. A call takes effect after half of its duration. */
const READ_MS = 4;
const WRITE_MS = 6;
const SEND_MS = 5;
/** Time from the send until a function receives the message. */
const DELIVERY_MS = 10;
/** All answers arrive within this time. */
const WITHIN_MS = 20;
const STARTED_AT = Date.UTC(2027, 0, 1);
const PID = 'default#reserve-group#tour-10000';

export interface CrowdCount {
  /** Attempts to write the head, failed ones included. */
  readonly writes: number;
  /** Time from the first answer to the last commit, in milliseconds. */
  readonly lastMs: number;
  readonly counts: ReturnType<typeof noCounts>;
}

/** Runs until all answers are in the head, and counts the calls. */
export const countCrowd = async (answers: number, hotLane: boolean, seed: string): Promise<CrowdCount> => {
  // Environments share this process; each listens for rejections while it decides.
  const listenersMax = process.getMaxListeners();
  process.setMaxListeners(0);
  try {
    return await new Crowd(hotLane, seed).count(answers);
  } finally {
    process.setMaxListeners(listenersMax);
  }
};

class Crowd {
  readonly #clock = new VirtualClock(STARTED_AT);
  readonly #state: State = openState({ system: systemContract(tours), clock: this.#clock });
  readonly #counts = noCounts();
  readonly #store: ProcessStore;
  readonly #random: SeededRandom;
  readonly #hotLane: boolean;
  readonly #lane: ReceivedMessage[] = [];
  #messages = 0;
  #lastCommitAt = 0;

  constructor(hotLane: boolean, seed: string) {
    this.#hotLane = hotLane;
    this.#random = new SeededRandom(seed);
    this.#store = this.#slow(new CountingProcessStore(this.#state.processStore, this.#counts));
  }

  async count(answers: number): Promise<CrowdCount> {
    const replies = await this.#asked(answers);
    const begunAt = this.#clock.now();
    const work = Promise.all(replies.map((body) => this.#deliver(body)));
    let ended = false;
    const lane = this.#hotLane ? this.#workAtLane(() => ended) : Promise.resolve();
    const all = (async () => {
      await work;
      while (await this.#isOpen()) await this.#clock.sleep(1);
      ended = true;
      await lane;
    })();
    await this.#passTime(all);
    return { writes: this.#counts.commits, lastMs: this.#lastCommitAt - begunAt, counts: this.#counts };
  }

  /** Starts the instance until it has sent all its commands. Returns their replies, as the bus delivers them. */
  async #asked(legs: number): Promise<string[]> {
    const state = this.#state;
    const inbox = state.queues.get(INBOX) as MemoryMessageQueue;
    const time = new Date(this.#clock.now()).toISOString();
    const start = {
      specversion: '1.0',
      id: 'start',
      source: 'tours',
      type: 'tours.group-planned',
      time,
      datacontenttype: 'application/json',
    };
    const detail = JSON.stringify({ ...start, hops: 0, data: { tourId: 'tour-10000', legs } });
    await state.publisher.publish([{ source: 'tours', type: 'tours.group-planned', detail }]);
    const messages = await inbox.receive({ max: BATCH, waitSeconds: 0, visibilitySeconds: 120 });
    await inbox.delete((await this.#engine(state.processStore, state.sender).advance(messages)).acknowledge);
    const trains = state.queues.get('trains') as MemoryMessageQueue;
    const commands = await trains.receive({ max: legs, waitSeconds: 0, visibilitySeconds: 120 });
    return commands.map(({ body }) => this.#answer(JSON.parse(body) as CommandEnvelope));
  }

  #answer(command: CommandEnvelope): string {
    const time = new Date(this.#clock.now()).toISOString();
    const reply = buildShortReply(command, { service: 'trains', outcome: 'completed', data: { reference: 'RES-1' }, dataversion: 1, time });
    return JSON.stringify({ detail: JSON.parse(reply) });
  }

  /** Runs a message in an environment of its own. A returned message goes to another environment. */
  async #deliver(body: string): Promise<void> {
    await this.#clock.sleep(WITHIN_MS * this.#random.number());
    const message = this.#message(body);
    for (let receiveCount = 1; ; receiveCount += 1) {
      const { giveBack } = await this.#newEngine().advance([{ ...message, receiveCount }]);
      const [again] = giveBack;
      if (!again) return;
      await this.#clock.sleep(again.seconds * 1000);
    }
  }

  /** Runs one batch of up to ten messages at a time, since all messages belong to one group. */
  async #workAtLane(ended: () => boolean): Promise<void> {
    const engine = this.#newEngine();
    while (!ended()) {
      const messages = this.#lane.splice(0, BATCH);
      if (messages.length === 0) await this.#clock.sleep(1);
      else {
        const { giveBack } = await engine.advance(messages, { lane: true });
        const again = new Set(giveBack.map(({ receiptHandle }) => receiptHandle));
        this.#lane.unshift(...messages.filter(({ receiptHandle }) => again.has(receiptHandle)));
        if (again.size > 0) await this.#clock.sleep(1000);
      }
    }
  }

  async #isOpen(): Promise<boolean> {
    const [head] = await this.#state.processStore.load([PID], { consistent: true });
    return head?.status === 'running';
  }

  /** When a sleeper wakes, the clock shows the instant of its end. */
  async #passTime(until: Promise<void>): Promise<void> {
    let over = false;
    void until.finally(() => (over = true));
    while (!over) {
      for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      const next = this.#clock.nextWakeAt();
      if (next !== undefined) this.#clock.advanceTo(next);
    }
    await until;
  }

  #message(body: string): ReceivedMessage {
    const messageId = new SeededRandom(`message ${(this.#messages += 1)}`).uuid();
    return { messageId, receiptHandle: messageId, body, sentAt: this.#clock.now(), receiveCount: 1 };
  }

  #newEngine(): Engine {
    return this.#engine(this.#store, { send: (queue, messages) => this.#send(queue, messages) });
  }

  #engine(store: ProcessStore, sender: MessageSender): Engine {
    return memoryEngine({
      system: tours,
      ports: { ...enginePortsOf(this.#state), store, sender },
      clock: this.#clock,
      random: () => this.#random.number(),
      hotLane: this.#hotLane,
    });
  }

  async #send(queue: string, messages: Parameters<MessageSender['send']>[1]): ReturnType<MessageSender['send']> {
    this.#counts.sends += 1;
    await this.#clock.sleep(SEND_MS);
    if (queue !== HOT_LANE) return this.#state.sender.send(queue, messages);
    const arrived = messages.map(({ body }) => this.#message(body));
    void this.#clock.sleep(DELIVERY_MS).then(() => this.#lane.push(...arrived));
    return arrived.map(({ messageId }) => ({ status: 'sent', messageId }));
  }

  #slow(store: ProcessStore): ProcessStore {
    const taking = async <T>(milliseconds: number, work: () => Promise<T>): Promise<T> => {
      await this.#clock.sleep(milliseconds / 2);
      const result = await work();
      await this.#clock.sleep(milliseconds / 2);
      return result;
    };
    return {
      load: (pids, options) => taking(READ_MS, () => store.load(pids, options)),
      chunks: (pid, run) => taking(READ_MS, () => store.chunks(pid, run)),
      buffer: (event) => taking(WRITE_MS, () => store.buffer(event)),
      spill: (chunk) => taking(WRITE_MS, () => store.spill(chunk)),
      commit: async (head, expected) => {
        const result = await taking(WRITE_MS, () => store.commit(head, expected));
        if (result.status === 'committed') this.#lastCommitAt = this.#clock.now();
        return result;
      },
    };
  }
}
