import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';
import { post, watch } from '../paused/paused-system.ts';

const Bell = z.object({ id: z.string() });

export const Struck = event('bell.struck', Bell);
export const Heard = event('bell.heard', Bell);

const still = command({ input: Bell, timeout: '2 minutes' });
export const bells = service('bells', {
  ring: command({ input: Bell, timeout: '2 minutes', undo: { command: still, input: (bell) => bell } }),
  still,
});

/** Rings, waits for an answer, and calls the post: it needs one service at once, and the other one later. */
export const alarm = process(
  'alarm',
  { startOn: Struck.byId(({ id }) => id), receives: [Heard.byId(({ id }) => id)] },
  async (ctx, bell) => {
    await ctx.call(bells.ring, bell);
    await ctx.waitFor(Heard);
    await ctx.call(post.report, { id: bell.id, notes: 0 });
    return { heard: true };
  },
);

export const guards = system('guards', { processes: [watch, alarm], services: [post, bells] });
