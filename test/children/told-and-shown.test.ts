import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { ProcessFailed, event, process, system } from '../../lib/index.ts';
import { completes, ended, fails, given, happened, simulate, starts } from '../../lib/testing/index.ts';
import { Narrator } from '../../lib/client/operations/narrator.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';

const Wanted = event('shop.wanted', z.object({ id: z.string(), parts: z.array(z.string()) }));
const Go = event('shop.go', z.object({ id: z.string() }));

const part = process(
  'part',
  { input: z.string(), errors: { Broken: z.object({ part: z.string() }) }, receives: [Go.byId(({ id }) => id)] },
  async (ctx, name) => {
    if (name === 'poison') throw new Error('a bug');
    if (name === 'waits') await ctx.waitFor(Go);
    return name;
  },
);
const toy = process('toy', { startOn: Wanted.byId(({ id }) => id) }, async (ctx, { parts }) => {
  const made = await Promise.all(parts.map((name) => ctx.child(part, name)));
  return made.length;
});
const shop = system('shop', { processes: [toy, part], services: [] });

describe('a parent and its child', () => {
  test('are shown by describe in both directions', async () => {
    const world = simulate(shop);
    const { client } = world;
    await client.publish(Wanted, { id: 't-1', parts: ['waits', 'quick'] });
    await world.settle();
    const parent = await client.describe(toy, 't-1');
    expect(parent).toMatchObject({ children: [{ process: 'part', id: 't-1.1' }], pending: [{ owner: 'default#part#t-1.1' }] });
    expect(parent.why).toMatch(/^waits for the child part t-1\.1 since /);
    expect(parent).not.toHaveProperty('parent');
    expect(await client.describe(part, 't-1.1')).toMatchObject({ parent: { process: 'toy', id: 't-1' }, children: [] });
  });

  test('wait for each other if the child is stuck, and why of the parent names it', async () => {
    const world = simulate(shop);
    await world.client.publish(Wanted, { id: 't-1', parts: ['poison'] });
    world.expectStuck(part, 't-1.1', 'POISON');
    await world.settle();
    expect((await world.client.describe(toy, 't-1')).why).toContain('the child part t-1.1');
    await world.client.terminate(part, 't-1.1', 'no use');
    await world.advance('5 minutes');
    await expect(world.client.result(toy, 't-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });

  test('leave the child running if the parent is terminated, and describe lists it', async () => {
    const world = simulate(shop);
    const { client } = world;
    await client.publish(Wanted, { id: 't-1', parts: ['waits'] });
    await world.settle();
    await client.terminate(toy, 't-1', 'over');
    expect(await client.describe(toy, 't-1')).toMatchObject({ status: 'terminated', children: [{ process: 'part', id: 't-1.1' }] });
    await client.signal(part, 't-1.1', Go, { id: 't-1.1' });
    expect(await client.result(part, 't-1.1')).toBe('waits');
  });

  test('name a terminated child as failed', async () => {
    const world = simulate(shop);
    const { client } = world;
    await client.publish(Wanted, { id: 't-1', parts: ['waits'] });
    await world.settle();
    await client.terminate(part, 't-1.1', 'no use');
    await expect(client.result(toy, 't-1')).rejects.toMatchObject({ data: { reason: expect.stringContaining('terminated: no use') } });
  });
});

describe('the facts and expectations of a child', () => {
  const wanted = happened(Wanted, { id: 't-1', parts: ['a', 'b'] });

  test('name its start and its result', async () => {
    await given(toy).when(wanted).expect(starts(part, 'a'), starts(part));
    await given(toy, wanted)
      .when(ended(part, 'b', { nth: 2 }), ended(part, 'a'))
      .expect(completes(2));
  });

  test('name its failure', async () => {
    const failure = new ProcessFailed({ process: 'part', type: 'Broken', data: { part: 'a' } });
    await given(toy, wanted).when(ended(part, failure), ended(part, 'b')).expect(fails(failure));
  });

  test('tell which children are open if none is', async () => {
    await expect(
      given(toy, wanted)
        .when(ended(part, 'a', { nth: 3 }))
        .expect(),
    ).rejects.toThrow('The child part ended, but 2 of them are open: expected at least 3.');
    await expect(given(toy).when(wanted).expect()).rejects.toThrow('+ starts(part, "a")');
  });
});

test('show tells a child in the journals of both', () => {
  const narrator = new Narrator();
  const owner = 'default#part#t-1.1';
  const entries: readonly JournalEntry[] = [
    {
      type: 'ProcessStarted',
      at: 0,
      definition: 'toy@1',
      event: 'toy.start',
      id: 'x',
      source: 'shop',
      time: '',
      parent: 'default#shelf#s-1/r/1',
    },
    { type: 'CommandIssued', n: 1, path: 'part:1', command: 'tutti.child', hash: '0', owner },
    { type: 'AttemptTimedOut', at: 1, n: 1 },
    { type: 'CommandAnswered', at: 2, n: 1, outcome: 'completed' },
    { type: 'CommandIssued', n: 2, path: 'part:2', command: 'tutti.child', hash: '0', owner },
    { type: 'CommandAnswered', at: 2, n: 2, outcome: 'cancelled' },
  ];
  expect(entries.map((entry) => narrator.tell(entry)?.text)).toEqual([
    'started by its parent shelf s-1',
    'starts the child part t-1.1',
    undefined,
    'the child part t-1.1 completed',
    'starts the child part t-1.1',
    'the child part t-1.1 was cancelled',
  ]);
});

test('a child without a result gives null to its parent', async () => {
  const silent = process('silent', { input: z.string() }, async () => {});
  const asking = process('asking', { input: z.string() }, async (ctx, text) => ({
    got: (await ctx.child(silent, text)) as unknown as null,
  }));
  const world = simulate(system('shop', { processes: [silent, asking], services: [] }));
  await world.client.start(asking, 'x', { id: 'a-1' });
  expect(await world.client.result(asking, 'a-1')).toEqual({ got: null });
});
