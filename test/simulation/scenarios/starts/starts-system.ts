import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Page = z.object({ id: z.string(), page: z.string() });
/** How long a page is printed. */
export const PRINT_MINUTES = 3;
/** Pages of one printer that are scanned at once. */
export const SCANS_MAX = 2;

export const Wanted = event('print.wanted', Page);
export const Replacing = event('print.replacing', Page);
export const Scanned = event('print.scanned', Page);
export const Edited = event('print.edited', Page);
export const Filed = event('print.filed', Page);

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

const ofPrinter = ({ id }: { readonly id: string }): string => id;

/** Each page is an instance, and few of one printer run at once. */
export const limited = process(
  'limited',
  { startOn: Scanned.byId(({ page }) => page), start: { concurrency: { key: ofPrinter, most: SCANS_MAX } } },
  async (ctx, page) => {
    await ctx.call(trays.load, page);
    await ctx.sleep(`${PRINT_MINUTES} minutes`);
    return page;
  },
);

/** One instance for the pages that come close together. */
export const settled = process(
  'settled',
  { startOn: Edited.byId(ofPrinter), start: { debounce: { key: ofPrinter, quiet: '1 minute', atMost: '4 minutes' } } },
  async (ctx, pages) => {
    await ctx.sleep('1 minute');
    return pages.length;
  },
);

/** One instance for every three pages. */
export const filed = process(
  'filed',
  { startOn: Filed.byId(ofPrinter), start: { batch: { key: ofPrinter, size: 3, within: '2 minutes' } } },
  async (ctx, pages) => {
    await ctx.sleep('1 minute');
    return pages.length;
  },
);

export const printing = system('printing', { processes: [queued, replaced, limited, settled, filed], services: [trays] });
