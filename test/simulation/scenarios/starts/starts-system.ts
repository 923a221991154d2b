import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Page = z.object({ id: z.string(), page: z.string() });
/** How long a page is printed. */
export const PRINT_MINUTES = 3;

export const Wanted = event('print.wanted', Page);
export const Replacing = event('print.replacing', Page);

const eject = command({ input: Page, timeout: '2 minutes' });
export const trays = service('trays', {
  load: command({ input: Page, timeout: '2 minutes', undo: { command: eject, input: (page) => page } }),
  eject,
});

/** Its starts wait for each other. */
export const queued = process('queued', { startOn: Wanted.byId(({ id }) => id), onOpen: 'queue' }, async (ctx, page) => {
  await ctx.call(trays.load, page);
  await ctx.sleep(`${PRINT_MINUTES} minutes`);
  return page;
});

/** Its newest start cancels the run that is open. */
export const replaced = process('replaced', { startOn: Replacing.byId(({ id }) => id), onOpen: 'replace' }, async (ctx, page) => {
  await ctx.call(trays.load, page);
  await ctx.sleep(`${PRINT_MINUTES} minutes`);
  return page;
});

export const printing = system('printing', { processes: [queued, replaced], services: [trays] });
