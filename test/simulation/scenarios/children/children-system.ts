import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * `makes`: the child calls its service and returns. `fails`: it calls, then fails, so the call is undone. `sleeps`: it makes after a while.
 * `waits`: it never ends by itself, so only a parent that gives it up ends it.
 */
export const WAYS = ['makes', 'fails', 'sleeps', 'waits'] as const;
export type Way = (typeof WAYS)[number];

/** `all`: the parent awaits its children. `race`: they lose against a timer, or one wins. `detach`: it ends before them. `map`: two at a time. */
export const MODES = ['all', 'race', 'detach', 'map'] as const;

const Part = z.object({ id: z.string(), way: z.enum(WAYS), seconds: z.int() });
export type Part = z.infer<typeof Part>;
export const Plan = z.object({ mode: z.enum(MODES), seconds: z.int(), parts: z.array(Part) });

const Never = event('toys.never', z.object({ id: z.string() }));

const unmake = command({ input: z.object({ part: z.string() }), timeout: '30 days' });
export const bench = service('bench', {
  unmake,
  make: command({
    input: z.object({ part: z.string() }),
    output: z.object({ made: z.string() }),
    undo: { command: unmake, input: ({ part }) => ({ part }) },
    timeout: '30 days',
  }),
});

export const part = process(
  'part',
  { input: Part, errors: { Broken: z.object({ id: z.string() }) }, receives: [Never.byId(({ id }) => id)] },
  async (ctx, { id, way, seconds }) => {
    if (way === 'sleeps') await ctx.sleep(`${seconds} seconds`);
    await ctx.call(bench.make, { part: id });
    if (way === 'waits') await ctx.waitFor(Never);
    if (way === 'fails') throw ctx.errors.Broken({ id });
    return { id };
  },
);

/** The result names each child with its end. */
const toy = process('toy', { input: Plan, onClosed: 'restart' }, async (ctx, { mode, seconds, parts }) => {
  const ended = async (each: Part): Promise<string> => {
    try {
      return `${each.id} ${(await ctx.child(part, each, { id: each.id })).id}`;
    } catch (error) {
      if (part.failed(error)) return `${each.id} ${error.type}`;
      throw error;
    }
  };
  switch (mode) {
    case 'all':
      return Promise.all(parts.map(ended));
    case 'map':
      return ctx.map(parts, (_, each) => ended(each), { atOnce: 2 });
    case 'detach':
      for (const each of parts) ctx.detach(ctx.child(part, each, { id: each.id }));
      return [];
    case 'race': {
      const children = parts.map((each) => [each.id, ctx.child(part, each, { id: each.id })] as const);
      const { winner } = await ctx.any({ ...Object.fromEntries(children), late: ctx.sleep(`${seconds} seconds`) });
      return [winner];
    }
  }
});

export const toys = system('toys', { processes: [toy, part], services: [bench] });
