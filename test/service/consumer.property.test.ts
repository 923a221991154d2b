import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventPublisher } from '../../lib/ports/event-publisher.ts';
import type { IdempotencyStore } from '../../lib/ports/idempotency-store.ts';
import type { MessageQueue } from '../../lib/ports/message-queue.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { toWire } from '../../lib/contract/wire/wire.ts';
import { Consumer } from '../../lib/service/consumer/consumer.ts';
import { runsOf } from '../property-runs.ts';
import { servePayments } from './payments.ts';
import { command, SETTLING, START, turn } from './service-rig.ts';

/** One command with duplicates and settling deliveries, on two consumers. Each worker may crash at any step. */
type Act =
  | { readonly do: 'send'; readonly settling: boolean }
  | { readonly do: 'deliver' | 'crash' | 'beat'; readonly worker: 0 | 1 }
  /** The worker crashes before or after one of its next calls of a port. */
  | { readonly do: 'fuse'; readonly worker: 0 | 1; readonly calls: number }
  | { readonly do: 'finish'; readonly run: number; readonly how: 'charge' | 'decline' | 'throw' | 'lose-answer' }
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'refuse'; readonly replies: boolean };

const worker = fc.constantFrom<0 | 1>(0, 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('send' as const), settling: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fuse' as const), worker, calls: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'beat' as const), worker }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      run: fc.nat(3),
      how: fc.constantFrom('charge' as const, 'charge' as const, 'decline' as const, 'throw' as const, 'lose-answer' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(1, 5, 30, 61, 900) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), replies: fc.boolean() }) },
);

/** A call of a crashed worker is neither executed nor answered. */
function mortal<P extends object>(port: P, alive: () => boolean): P {
  return new Proxy(port, {
    get: (target, name) => {
      const method = (target as Record<PropertyKey, (...values: unknown[]) => Promise<unknown>>)[name];
      return async (...values: unknown[]) => {
        // Checked before and after, because a crash may happen between an effect and its answer.
        if (!alive()) return new Promise(() => undefined);
        const answer = await method!.apply(target, values);
        return alive() ? answer : new Promise(() => undefined);
      };
    },
  });
}

class World {
  readonly clock = new VirtualClock(START);
  readonly queue = new MemoryMessageQueue({ name: 'payments', clock: this.clock });
  readonly deadLetter = new MemoryMessageQueue({ name: 'payments-dead-letter', clock: this.clock });
  readonly store = new MemoryIdempotencyStore();
  readonly replies: ReplyEnvelope[] = [];
  readonly runs: ((how: 'charge' | 'decline' | 'throw' | 'lose-answer') => void)[] = [];
  readonly #effect: 'key' | 'once';
  readonly #limit: { readonly retryattempts?: number };
  readonly #generation: [number, number] = [0, 0];
  /** Calls until the worker crashes; Infinity: it does not crash. */
  readonly #fuse: [number, number] = [Infinity, Infinity];
  readonly #workers: [Consumer, Consumer];
  effects = 0;
  starts = 0;
  keyed: 'charge' | 'decline' | undefined;
  refusing = false;
  #seed = 0;

  constructor(effect: 'key' | 'once', limit: { readonly retryattempts?: number } = {}) {
    this.#effect = effect;
    this.#limit = limit;
    this.#workers = [this.#worker(0), this.#worker(1)];
  }

  async step(step: Act): Promise<void> {
    if (step.do === 'send') this.queue.put(toWire(command({ ...this.#limit, ...(step.settling ? SETTLING : {}) })));
    else if (step.do === 'deliver') await this.#deliver(step.worker);
    else if (step.do === 'beat') void this.#workers[step.worker].beat();
    else if (step.do === 'crash') this.#crash(step.worker);
    else if (step.do === 'fuse') this.#fuse[step.worker] = step.calls;
    else if (step.do === 'finish') this.runs.splice(step.run % Math.max(1, this.runs.length), 1)[0]?.(step.how);
    else if (step.do === 'advance') this.clock.advance(step.seconds * 1000);
    else if (step.do === 'refuse') this.refusing = step.replies;
    await turn();
  }

  async #deliver(which: 0 | 1): Promise<void> {
    const messages = await this.queue.receive({ max: 2, waitSeconds: 0, visibilitySeconds: 60 });
    void this.#workers[which].handle(messages);
  }

  #crash(which: 0 | 1): void {
    this.#generation[which]++;
    this.#fuse[which] = Infinity;
    this.#workers[which] = this.#worker(which);
  }

  #worker(which: 0 | 1): Consumer {
    const generation = this.#generation[which];
    const lives = (): boolean => this.#generation[which] === generation;
    const alive = (): boolean => {
      if (lives() && this.#fuse[which]-- <= 0) this.#crash(which);
      return lives();
    };
    return new Consumer({
      served: servePayments({ effect: this.#effect, run: (_input, task) => this.#handler(lives, task.errors.CardDeclined) }),
      queue: mortal<MessageQueue>(this.queue, alive),
      store: mortal<IdempotencyStore>(this.store, alive),
      publisher: mortal<EventPublisher>({ publish: (events) => this.#publish(events) }, alive),
      payloads: new MemoryPayloadStore(),
      clock: this.clock,
      sender: mortal(
        new MemoryMessageSender(
          new Map([
            ['payments', this.queue],
            ['payments-dead-letter', this.deadLetter],
          ]),
        ),
        alive,
      ),
      random: () => (this.#seed = (this.#seed + 0.618_033_988_75) % 1),
    });
  }

  readonly #publish: EventPublisher['publish'] = async (events) => {
    if (this.refusing) return events.map(() => ({ status: 'failed', reason: 'throttled' }));
    for (const event of events) this.replies.push(JSON.parse(event.detail) as ReplyEnvelope);
    return events.map(() => ({ status: 'published', eventId: 'e' }));
  };

  /** The foreign system acts when the request ends, even if the worker has crashed by then. */
  async #handler(alive: () => boolean, declined: (data: { reason: string }) => Error): Promise<{ paymentId: string }> {
    this.starts += 1;
    const how = await new Promise<'charge' | 'decline' | 'throw' | 'lose-answer'>((resolve) => this.runs.push(resolve));
    if (how === 'throw' && alive()) throw new TypeError('no route to the gateway');
    const answer = this.#call(how === 'decline' ? 'decline' : 'charge');
    if (how === 'lose-answer') throw new TypeError('the answer of the gateway was lost');
    if (answer === 'decline') throw declined({ reason: 'expired' });
    return { paymentId: 'p-7' };
  }

  #call(what: 'charge' | 'decline'): 'charge' | 'decline' {
    if (this.#effect === 'key' && this.keyed !== undefined) return this.keyed;
    if (what === 'charge') this.effects++;
    this.keyed ??= what;
    return what;
  }

  get definite(): Set<string> {
    return new Set(
      this.replies.filter(({ outcome }) => outcome !== 'unknown').map(({ outcome, data }) => `${outcome} ${JSON.stringify(data)}`),
    );
  }
}

for (const effect of ['key', 'once'] as const) {
  test(`class ${effect}: two workers that crash at any step make at most one effect and give one definite answer`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
        const world = new World(effect);
        for (const each of acts) {
          await world.step(each);
          expect(world.effects).toBeLessThanOrEqual(1);
          expect(world.definite.size).toBeLessThanOrEqual(1);
        }
        const [answer] = world.definite;
        if (answer?.startsWith('completed')) expect(world.effects).toBe(1);
        else if (answer !== undefined) expect(world.effects).toBe(0);
      }),
      { numRuns: runsOf(1_500) },
    );
  });
}

test('class key: workers that crash at any step begin no more runs than the attempts allow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(act, { minLength: 20, maxLength: 60 }), async (retryattempts, acts) => {
      const world = new World('key', { retryattempts });
      for (const each of acts) await world.step(each);
      expect(world.starts).toBeLessThanOrEqual(retryattempts);
      expect(world.definite.size).toBeLessThanOrEqual(1);
      if ([...world.definite].some((answer) => answer.startsWith('failed'))) expect(world.effects).toBe(0);
    }),
    { numRuns: runsOf(2_000) },
  );
});

test('class key: a healthy worker brings every command to a definite answer, regardless of earlier crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 30 }), async (acts) => {
      const world = new World('key');
      world.queue.put(toWire(command()));
      for (const each of acts) await world.step(each);
      await world.step({ do: 'refuse', replies: false });
      await world.step({ do: 'crash', worker: 0 });
      await world.step({ do: 'crash', worker: 1 });
      // The orchestrator settles a command in this way after its deadline.
      world.queue.put(toWire(command({ attempt: 2 })));
      for (let n = 0; n < 8; n++) {
        await world.step({ do: 'advance', seconds: 901 });
        await world.step({ do: 'deliver', worker: 0 });
        while (world.runs.length > 0) await world.step({ do: 'finish', run: 0, how: 'charge' });
      }
      expect(world.definite.size).toBe(1);
      expect(world.queue.size).toBe(0);
    }),
    { numRuns: runsOf(200) },
  );
});
