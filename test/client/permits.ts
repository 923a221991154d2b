import * as z from 'zod';
import { event, process, system } from 'tutti';

export const Paid = event('house.paid', z.object({ id: z.string() }));

export const permit = process('permit', { input: z.object({}), receives: [Paid.byId(({ id }) => id)] }, async (ctx) => {
  await ctx.sleep('1 second');
  await ctx.waitFor(Paid);
  await ctx.sleep('1 day');
});

export const permits = system('permits', { processes: [permit], services: [] });
