import { describe, expect, test } from 'vitest';
import { system } from 'tutti';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { MemoryProcessStore, memoryProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { Engine, AdvanceResult } from '../../lib/engine/engine.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';
import { Checkout, services, tripOf } from '../core/trip-contracts.ts';

/** CDK's queues (lib/cdk/resources/queue-pair.ts). */
const RECEIVES_MAX = 20;
const VISIBILITY_SECONDS = 120;
const PID = 'default#trip#a';

/** One start event meets a deployment whose stores refuse all for so long; each batch lasts `callMs` then. */
class Outage {
  readonly clock = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
  readonly parking = new MemoryParkingStore();
  readonly notices: string[] = [];
  readonly inbox: MemoryMessageQueue;
  readonly deadLetters: MemoryMessageQueue;
  readonly store = new MemoryProcessStore(memoryProcessTables());
  /** Calls of `attempt` that reached the store, in vain or not. */
  marks = 0;
  deliveries = 0;
  /** Each batch meets a worker that remembers nothing of the outage. */
  forgetful = false;
  #engine: Engine;
  readonly #downUntil: number;
  readonly #callMs: number;

  constructor(seconds: number, callMs: number) {
    const { clock } = this;
    this.#downUntil = clock.now() + seconds * 1000;
    this.#callMs = callMs;
    this.deadLetters = new MemoryMessageQueue({ name: 'inbox-dead-letter', clock });
    this.inbox = new MemoryMessageQueue({ name: 'inbox', clock, maxReceiveCount: RECEIVES_MAX, deadLetter: this.deadLetters });
    this.#engine = this.#makeEngine();
  }

  start(): void {
    const time = new Date(this.clock.now()).toISOString();
    const data = { id: 'a' };
    const detail = {
      specversion: '1.0',
      id: 'e1',
      source: 'shop',
      type: Checkout.type,
      time,
      datacontenttype: 'application/json',
      hops: 0,
      data,
    };
    this.inbox.put(JSON.stringify({ source: 'shop', 'detail-type': Checkout.type, account: '1', detail }));
  }

  /** Until no message is left, or for two hours after the outage. */
  async pass(): Promise<void> {
    const end = this.#downUntil + 7_200_000;
    while (this.clock.now() < end && this.inbox.size + this.deadLetters.size > 0) {
      const advanced = await this.#pump(this.inbox, (messages) => this.#engine.advance(messages, { remainingMs: () => 20_000 }));
      const drained = await this.#pump(this.deadLetters, (messages) => this.#engine.drainDeadLetters(messages));
      if (!advanced && !drained) this.clock.advance(500);
    }
  }

  async status(): Promise<string | undefined> {
    const [head] = await this.store.load([PID]);
    return head?.status;
  }

  get #down(): boolean {
    return this.clock.now() < this.#downUntil;
  }

  async #pump(queue: MemoryMessageQueue, act: (messages: readonly ReceivedMessage[]) => Promise<AdvanceResult>): Promise<boolean> {
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: VISIBILITY_SECONDS });
    if (messages.length === 0) return false;
    this.deliveries += messages.length;
    if (this.forgetful) this.#engine = this.#makeEngine();
    if (this.#down) this.clock.advance(this.#callMs);
    const { acknowledge, giveBack } = await act(messages);
    await queue.delete(acknowledge);
    await queue.changeVisibility(giveBack);
    return true;
  }

  #makeEngine(): Engine {
    const { clock, notices, inbox } = this;
    const queues = [inbox, ...['flights', 'payments', 'hotels'].map((name) => new MemoryMessageQueue({ name, clock }))];
    return memoryEngine({
      system: system('trips', { processes: [tripOf(async (ctx) => ctx.sleep('1 day'))], services }),
      ports: {
        store: this.#failing(this.store),
        sender: new MemoryMessageSender(new Map(queues.map((queue) => [queue.name, queue]))),
        payloads: this.#failing(new MemoryPayloadStore()),
        parking: this.#failing(this.parking),
      },
      clock,
      random: () => 0.5,
      onNotice: ({ kind, reason }) => void notices.push(`${kind} ${reason}`),
    });
  }

  #failing<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (name === 'attempt') this.marks += 1;
          if (this.#down) return Promise.reject(new TypeError('ProvisionedThroughputExceededException'));
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
  }
}

describe('an outage of the store', () => {
  test.each([
    [60, 300],
    [120, 300],
    [300, 2_000],
    [600, 8_500],
    [3_600, 300],
    [21_600, 8_500],
  ])('that lasts %i s, with calls of %i ms, parks nothing, and the event is applied after it', async (seconds, callMs) => {
    const outage = new Outage(seconds, callMs);
    outage.start();
    await outage.pass();
    expect(outage.notices).toEqual([]);
    expect(await outage.parking.parked('')).toEqual([]);
    expect(await outage.status()).toBe('running');
  });

  test('of 6 hours makes no storm: a message is delivered less than sixty times', async () => {
    const outage = new Outage(21_600, 300);
    outage.start();
    await outage.pass();
    expect(outage.deliveries).toBeLessThan(60);
  });

  test('costs no mark of a worker that has seen it, neither while it lasts nor after it', async () => {
    const outage = new Outage(3_600, 300);
    outage.start();
    await outage.pass();
    expect(await outage.status()).toBe('running');
    expect(outage.marks).toBe(0);
  });

  test('makes no instance stuck where each delivery meets another worker', async () => {
    const outage = new Outage(600, 300);
    outage.forgetful = true;
    outage.start();
    await outage.pass();
    expect(await outage.status()).toBe('running');
    expect(outage.notices).toEqual([]);
    expect(outage.marks).toBeGreaterThan(0);
  });
});
