import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { event, process } from 'tutti';
import type { MemoryInstanceIndex } from '../../lib/adapters/memory/instance-index.ts';
import { memoryStores } from '../../lib/testing/memory-engine.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { countStuck, wakeOverdue, type Woken } from '../../lib/engine/jobs/wake-overdue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { head } from '../contracts/process-store.contract.ts';
import { EngineRig, operation } from './engine-rig.ts';

const MINUTE = 60_000;
const PID = 'default#nap#a';

const Tired = event('shop.tired', z.object({ id: z.string() }));
const Slept = event('trips.slept', z.object({ text: z.string() }));
const nap = process('nap', { startOn: Tired.byId(({ id }) => id), publishes: [Slept] }, async (ctx) => {
  await ctx.sleep('10 minutes');
  ctx.publish(Slept, { text: 'awake' });
});

/** A nap that has begun, over a store whose list is at hand. */
const napping = async (): Promise<{ readonly rig: EngineRig; readonly wake: () => Promise<Woken> }> => {
  const { store, index } = memoryStores();
  const rig = new EngineRig([nap], [], { store });
  rig.happens(Tired, { id: 'a' });
  await rig.advance();
  return { rig, wake: () => wakeOverdue({ index, sender: rig.sender, clock: rig.clock }) };
};

const NONE = { count: 0, unresolved: 0, unsent: [], whole: true };

describe('an instance whose tick is lost', () => {
  test('sleeps on, until its tick is sent again', async () => {
    const { rig, wake } = await napping();
    rig.clock.advance(10 * MINUTE);
    expect(await rig.purges()).toBe(1);
    await rig.pass(31 * MINUTE);
    expect(rig.texts()).toEqual([]);
    expect(await wake()).toEqual({ count: 1, unresolved: 0, unsent: [], whole: true });
    await rig.advance();
    expect(rig.texts()).toEqual(['awake']);
    expect(await wake()).toEqual(NONE);
  });

  test('is left alone as long as its tick may only be late', async () => {
    const { rig, wake } = await napping();
    rig.clock.advance(10 * MINUTE);
    await rig.purges();
    rig.clock.advance(30 * MINUTE - 1);
    expect(await wake()).toEqual(NONE);
    rig.clock.advance(1);
    expect(await wake()).toEqual({ count: 1, unresolved: 0, unsent: [], whole: true });
  });

  test('is woken once, also where its tick was only very late', async () => {
    const { rig, wake } = await napping();
    rig.clock.advance(41 * MINUTE);
    expect(await wake()).toEqual({ count: 1, unresolved: 0, unsent: [], whole: true });
    expect(await wake()).toEqual({ count: 1, unresolved: 0, unsent: [], whole: true });
    await rig.advance();
    expect(rig.texts()).toEqual(['awake']);
    expect((await rig.head(PID))?.version).toBe(2);
  });

  test('that has closed, is not looked at', async () => {
    const { rig, wake } = await napping();
    rig.operates(operation('terminate', PID));
    await rig.advance();
    rig.clock.advance(41 * MINUTE);
    expect(await wake()).toEqual(NONE);
  });
});

describe('of many heads', () => {
  const clock = new VirtualClock(100 * MINUTE);
  const overdue = (n: number, more: Partial<Head> = {}): Head =>
    head({ pid: `acme#trip#${n}`, control: `{"format":2,"seq":2,"tickAt":${10 * MINUTE}}`, startedAt: 1, ...more });

  const world = async (...heads: Head[]): Promise<{ index: MemoryInstanceIndex; sent: string[]; sender: MessageSender }> => {
    const { store, index } = memoryStores();
    for (const each of heads) await store.commit(each, { kind: 'absent' });
    const sent: string[] = [];
    const send: MessageSender['send'] = async (_, messages) =>
      messages.map(({ body }) => (sent.push(body), { status: 'sent', messageId: 'm' }));
    return { index, sent, sender: { send } };
  };

  test('running instances with a tick in flight for long are woken', async () => {
    const { sent, ...ports } = await world(
      overdue(1),
      overdue(2, { status: 'stuck' }),
      overdue(3, { status: 'completed' }),
      overdue(4, { control: `{"format":2,"seq":2,"tickAt":${80 * MINUTE}}` }),
      overdue(5, { control: '{"format":2,"seq":2}', due: 5 }),
      overdue(6, { control: '' }),
    );
    expect(await wakeOverdue({ ...ports, clock })).toEqual({ count: 1, unresolved: 0, unsent: [], whole: true });
    expect(sent.map((body) => JSON.parse(body) as unknown)).toEqual([
      { tutti: 'tick', pid: 'acme#trip#1', run: overdue(1).run, tickAt: 10 * MINUTE },
    ]);
  });

  test('the unresolved instances among those that are read are counted, and so are the stuck ones', async () => {
    const { sent, ...ports } = await world(
      overdue(1, { unresolved: 2 }),
      overdue(2),
      overdue(3, { unresolved: 1, startedAt: 71 * MINUTE }),
      overdue(4, { unresolved: 1, status: 'stuck' }),
      overdue(5, { status: 'stuck' }),
      overdue(6, { unresolved: 1, status: 'completed' }),
    );
    expect(await wakeOverdue({ ...ports, clock })).toMatchObject({ unresolved: 1 });
    expect(await countStuck({ ...ports, clock })).toEqual({ stuck: 2, unresolved: 1 });
    expect(sent).toHaveLength(2);
  });

  test('those are not even read that were started too lately to be overdue', async () => {
    const asked: unknown[] = [];
    const index = {
      tenants: async () => ['default'],
      list: async function* (filter: unknown): AsyncGenerator<Head> {
        asked.push(filter);
        yield* [];
      },
    };
    const { sender } = await world();
    expect(await wakeOverdue({ index, sender, clock })).toEqual(NONE);
    expect(asked).toEqual([{ tenant: 'default', statuses: ['running'], startedBefore: 70 * MINUTE }]);
  });

  test('a run reports that its time did not suffice, and wakes the instances that it has found', async () => {
    const { sent, ...ports } = await world(...Array.from({ length: 250 }, (_, n) => overdue(n)));
    const times = Array.from({ length: 151 }, () => 60_000);
    expect(await wakeOverdue({ ...ports, clock }, { remainingMs: () => times.pop() ?? 4_000 })).toEqual({
      count: 150,
      unresolved: 0,
      unsent: [],
      whole: false,
    });
    expect(new Set(sent).size).toBe(150);
    expect(await wakeOverdue({ ...ports, clock })).toEqual({ count: 250, unresolved: 0, unsent: [], whole: true });
  });

  test('those of every tenant are woken', async () => {
    const { sent, ...ports } = await world(...['acme', 'default', 'zoo'].map((tenant) => overdue(1, { pid: `${tenant}#trip#1` })));
    expect(await wakeOverdue({ ...ports, clock })).toEqual({ count: 3, unresolved: 0, unsent: [], whole: true });
    expect(sent.map((body) => (JSON.parse(body) as { readonly pid: string }).pid).toSorted()).toEqual([
      'acme#trip#1',
      'default#trip#1',
      'zoo#trip#1',
    ]);
  });

  test('those that are stuck are counted for every tenant, and no longer than their caller waits', async () => {
    const stuck = ['acme', 'default', 'zoo'].map((tenant) => overdue(1, { pid: `${tenant}#trip#1`, status: 'stuck' }));
    const { index } = await world(...stuck, overdue(2, { pid: 'zoo#trip#2', status: 'stuck' }));
    expect(await countStuck({ index, clock })).toEqual({ stuck: 4, unresolved: 0 });
    expect(await countStuck({ index, clock }, { remainingMs: () => 4_000 })).toEqual({ stuck: 0, unresolved: 0 });
  });

  test('no more are woken at a time than the engine can take in an hour', async () => {
    const index = {
      tenants: async () => ['default'],
      list: async function* (): AsyncGenerator<Head> {
        for (let n = 0; ; n += 1) yield overdue(n);
      },
    };
    const { sender } = await world();
    expect(await wakeOverdue({ index, sender, clock })).toEqual({ count: 10_000, unresolved: 0, unsent: [], whole: false });
  });
});
