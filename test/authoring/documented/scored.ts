import { command, process, service } from 'tutti';
import * as z from 'zod';

// region limits
export const bureau = service('bureau', {
  score: command({
    input: z.object({ account: z.string(), customer: z.string() }),
    output: z.object({ score: z.int() }),
    limits: { rate: '10 per second', concurrency: 4, key: ({ account }) => account },
  }),
});
// endregion

/** Asks the bureau for one customer of an account. */
export const scored = process('scored', { input: z.object({ account: z.string(), customer: z.string() }) }, (ctx, asked) =>
  ctx.call(bureau.score, asked),
);
