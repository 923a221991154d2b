import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runPolicyOf } from '../../lib/contract/wire/wire.ts';
import type { CommandRecord } from '../../lib/ports/idempotency-store.ts';
import { complete, claim, type ClaimRequest, type Effect, type RecordBody } from '../../lib/service/consumer/command-record.ts';
import { runsOf } from '../property-runs.ts';

/**
 * Two workers, one command, a settling of it, a foreign system. Each step is one atomic act of one worker, as in
 * models/service.pml: claim or verdict, the foreign call, completion, and a crash at any of them. A lease lapses at any
 * time, also under a worker that lives on; a message is delivered any number of times.
 */
type Act =
  | { readonly do: 'deliver'; readonly worker: 0 | 1; readonly settling: boolean; readonly giveUp: boolean }
  | { readonly do: 'call' | 'finish' | 'crash' | 'crash-on-the-wire'; readonly worker: 0 | 1; readonly declines: boolean }
  | { readonly do: 'lapse' }
  | { readonly do: 'wire' };

interface Worker {
  token?: string;
  base?: number;
  reply?: string;
}

const worker = fc.constantFrom<0 | 1>(0, 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constant('deliver' as const),
    worker,
    settling: fc.boolean(),
    giveUp: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  fc.record({
    do: fc.constantFrom(
      'call' as const,
      'finish' as const,
      'call' as const,
      'finish' as const,
      'crash' as const,
      'crash-on-the-wire' as const,
    ),
    worker,
    declines: fc.boolean(),
  }),
  fc.record({ do: fc.constant('lapse' as const) }),
  fc.record({ do: fc.constant('wire' as const) }),
);

const reply = (outcome: 'completed' | 'failed'): string => JSON.stringify({ outcome, data: null });

class World {
  record: CommandRecord | undefined;
  readonly workers: readonly [Worker, Worker] = [{}, {}];
  readonly definite = new Set<string>();
  effects = 0;
  keyed: string | undefined;
  wire = false;
  now = 0;
  claims = 0;

  readonly #effect: Effect;
  constructor(effect: Effect) {
    this.#effect = effect;
  }

  step(step: Act): void {
    if (step.do === 'lapse') this.now += 1_000;
    else if (step.do === 'wire') this.#arrive();
    else if (step.do === 'deliver') this.#deliver(this.workers[step.worker], step);
    else this.#work(this.workers[step.worker], step.do, step.declines);
  }

  #arrive(): void {
    if (this.wire) this.#call(false);
    this.wire = false;
  }

  #deliver(who: Worker, how: { readonly settling: boolean; readonly giveUp: boolean; readonly worker: 0 | 1 }): void {
    if (who.token !== undefined) return;
    const token = `w${how.worker}:${++this.claims}`;
    const delivery: ClaimRequest = {
      hash: 'h',
      command: '{}',
      effect: this.#effect,
      settling: how.settling,
      mode: how.giveUp ? 'give-up' : 'run',
      token,
      nonce: 'n',
      now: this.now,
      leaseUntil: this.now + 1_000,
      policy: runPolicyOf({}),
      deadline: Infinity,
      jitter: 0,
    };
    const verdict = claim(this.record, delivery);
    if (verdict.kind === 'run') {
      this.#write(verdict.write);
      who.token = token;
    } else if (verdict.kind === 'answer') {
      if (verdict.write !== undefined) this.#write(verdict.write);
      if (verdict.outcome === 'cancelled') this.definite.add('cancelled');
    } else if (verdict.kind === 'repeat') {
      this.definite.add(verdict.reply);
    } else if (verdict.kind === 'give-up' && !verdict.claimed) {
      this.#write({ state: 'FAILED', hash: 'h', reply: reply('failed') });
      this.definite.add(reply('failed'));
    }
  }

  #work(who: Worker, what: 'call' | 'finish' | 'crash' | 'crash-on-the-wire', declines: boolean): void {
    if (who.token === undefined) return;
    if (what === 'crash' || what === 'crash-on-the-wire') {
      if (what === 'crash-on-the-wire' && who.reply === undefined && this.#effect === 'key') this.wire = true;
      this.#drop(who);
    } else if (what === 'call' && who.reply === undefined) {
      who.reply = this.#effect === 'transaction' ? reply(declines ? 'failed' : 'completed') : this.#call(declines);
    } else if (what === 'finish' && who.reply !== undefined) {
      this.#finish(who, who.reply);
    }
  }

  #finish(who: Worker, answered: string): void {
    const fenced = complete(this.record, who.token!, answered === reply('completed') ? 'DONE' : 'FAILED', answered);
    if (fenced.kind === 'write') {
      if (this.#effect === 'transaction' && answered === reply('completed')) this.effects++;
      this.#write(fenced.write);
      this.definite.add(fenced.reply!);
    }
    this.#drop(who);
  }

  /** The foreign system. It supports idempotency keys if the effect class needs them. */
  #call(declines: boolean): string {
    if (this.#effect === 'key' && this.keyed !== undefined) return this.keyed;
    if (!declines) this.effects++;
    return (this.keyed = reply(declines ? 'failed' : 'completed'));
  }

  #write(body: RecordBody): void {
    this.record = { ...body, revision: (this.record?.revision ?? 0) + 1 };
  }

  #drop(who: Worker): void {
    delete who.token;
    delete who.reply;
  }
}

for (const effect of ['key', 'transaction', 'once'] as const) {
  test(`class ${effect}: a command id has at most one effect, and one definite answer that reports it`, () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 60 }), (acts) => {
        const world = new World(effect);
        let last: CommandRecord | undefined;
        for (const each of acts) {
          world.step(each);
          expect(world.effects).toBeLessThanOrEqual(1);
          expect(world.definite.size).toBeLessThanOrEqual(1);
          if (last !== undefined && ['DONE', 'FAILED', 'TOMB'].includes(last.state)) expect(world.record).toEqual(last);
          last = world.record;
        }
        if (world.definite.has('cancelled') || world.definite.has(reply('failed'))) expect(world.effects).toBe(0);
        if (world.definite.has(reply('completed'))) expect(world.effects).toBe(1);
      }),
      { numRuns: runsOf(3_000) },
    );
  });
}

test('the drawn histories of class key reach every answer', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 60 }), (acts) => {
      const world = new World('key');
      for (const each of acts) world.step(each);
      for (const each of world.definite) seen.add(each);
    }),
    { numRuns: 1_000, seed: 7 },
  );
  expect([...seen].toSorted()).toEqual(['cancelled', reply('completed'), reply('failed')].toSorted());
});
