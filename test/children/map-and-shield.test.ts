import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { command, event, process, service, system } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { everyCrash, type World } from '../../lib/testing/index.ts';

const Stop = event('mail.stop', z.object({ id: z.string() }));

const recall = command({ input: z.object({ to: z.string() }) });
const post = service('post', {
  recall,
  send: command({
    input: z.object({ to: z.string() }),
    output: z.object({ letter: z.string() }),
    errors: { Bounced: z.object({}) },
    undo: { command: recall, input: ({ to }) => ({ to }) },
  }),
});

const recalled: string[] = [];
const handler = serve(post, {
  recall: async ({ to }) => {
    recalled.push(to);
  },
  send: async ({ to }, task) => {
    if (to.startsWith('bad')) throw task.errors.Bounced({});
    return { letter: to };
  },
});

const all = process('all', { input: z.array(z.string()) }, async (ctx, names) => {
  const letters = await ctx.map(names, (inner, to) => inner.call(post.send, { to }), { atOnce: 2 });
  return letters.map(({ letter }) => letter);
});

const some = process('some', { input: z.array(z.string()) }, async (ctx, names) => {
  const outcomes = await ctx.map(names, (_, to) => ctx.call(post.send, { to }), { atOnce: 2, tolerate: 1 });
  return outcomes.map((outcome) => (outcome.ok ? outcome.value.letter : outcome.failure.message));
});

const shielded = process('shielded', { input: z.string(), receives: [Stop.byId(({ id }) => id)] }, async (ctx, to) => {
  await ctx.scope(
    'whole',
    async () => {
      await ctx.waitFor(Stop);
      await ctx.call(post.send, { to });
    },
    { shielded: true },
  );
  await ctx.sleep('1 day');
});

const world = system('mail', { processes: [all, some, shielded], services: [post] });
const surviving = (story: (world: World) => Promise<void>): Promise<void> => {
  return everyCrash(world, { services: [handler] }, (each) => {
    recalled.length = 0;
    return story(each);
  });
};

describe('ctx.map', () => {
  test('returns the values in the order of the items, however many are open at a time', () =>
    surviving(async ({ client }) => {
      await client.start(all, ['a', 'b', 'c', 'd', 'e'], { id: 'm-1' });
      expect(await client.result(all, 'm-1')).toEqual(['a', 'b', 'c', 'd', 'e']);
    }));

  test('cancels the other items and undoes what completed at the first failure', () =>
    surviving(async ({ client }) => {
      await client.start(all, ['a', 'b', 'bad', 'd'], { id: 'm-1' });
      await expect(client.result(all, 'm-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
      expect(new Set(recalled)).toEqual(new Set(recalled.includes('d') ? ['a', 'b', 'd'] : ['a', 'b']));
    }));

  test('returns outcomes while no more items fail than are tolerated', () =>
    surviving(async ({ client }) => {
      await client.start(some, ['a', 'bad', 'c'], { id: 'm-1' });
      expect(await client.result(some, 'm-1')).toEqual(['a', 'post.send failed with Bounced.', 'c']);
      expect(recalled).toEqual([]);
    }));

  test('rejects with one failure more than it tolerates', () =>
    surviving(async ({ client }) => {
      await client.start(some, ['a', 'bad', 'bad-too'], { id: 'm-1' });
      await expect(client.result(some, 'm-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
      expect(new Set(recalled)).toEqual(new Set(['a']));
    }));
});

describe('a shielded scope', () => {
  test('is finished before the process is cancelled, and then undone with it', () =>
    surviving(async ({ client }) => {
      await client.start(shielded, 'a', { id: 's-1' });
      await client.cancel(shielded, 's-1', 'stop');
      expect((await client.describe(shielded, 's-1')).status).toBe('running');
      await client.signal(shielded, 's-1', Stop, { id: 's-1' });
      await expect(client.result(shielded, 's-1')).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(new Set(recalled)).toEqual(new Set(['a']));
    }));
});
