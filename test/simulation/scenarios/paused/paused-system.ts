import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Shift = z.object({ id: z.string(), notes: z.int() });
/** How long a watch sleeps after its notes. */
export const SLEEP_MINUTES = 20;

export const Began = event('watch.began', Shift);
export const Noted = event('watch.noted', z.object({ id: z.string() }));

const leave = command({ input: Shift, timeout: '2 minutes' });
export const post = service('post', {
  take: command({ input: Shift, timeout: '2 minutes', undo: { command: leave, input: (shift) => shift } }),
  leave,
  report: command({ input: Shift, timeout: '2 minutes' }),
});

/** Takes a post, reads its notes, sleeps, and reports: a pause may find it with an open command, with events to read, or asleep. */
export const watch = process(
  'watch',
  { startOn: Began.byId(({ id }) => id), receives: [Noted.byId(({ id }) => id)] },
  async (ctx, shift) => {
    await ctx.call(post.take, shift);
    for (let read = 0; read < shift.notes; read += 1) await ctx.waitFor(Noted);
    await ctx.sleep(`${SLEEP_MINUTES} minutes`);
    await ctx.call(post.report, shift);
    return { notes: shift.notes };
  },
);

export const watches = system('watches', { processes: [watch], services: [post] });
