import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Draft = z.object({ id: z.string() });
const Chapter = z.object({ id: z.string(), chapter: z.string() });

export const Begun = event('press.begun', Draft);

export const printer = service('printer', {
  print: command({ input: Chapter, timeout: '90 days' }),
  /** The last build announces each chapter, which earlier builds did not. */
  announce: command({ input: Chapter, timeout: '90 days' }),
  /** The last build calls it after each chapter, in runs that take the change. */
  proofread: command({ input: Chapter, timeout: '90 days' }),
  /** Only the wrong build calls it. */
  burn: command({ input: Draft, timeout: '90 days' }),
});

const options = { startOn: Begun.byId(({ id }) => id) };

/** The chapters that each version prints, in order. */
export const CHAPTERS = {
  'book@1': ['one', 'two', 'three'],
  'book@2': ['preface', 'all'],
  'book@3': ['preface', 'all', 'index'],
} as const;

/**
 * The first version, with a view and a message before each chapter. A replay of the chapters that earlier builds printed skips both. Runs that
 * had not printed the first chapter also have each one proofread.
 */
const announcing = process('book', { ...options, version: 1, view: Chapter }, async (ctx, { id }) => {
  for (const chapter of CHAPTERS['book@1']) {
    ctx.view({ id, chapter });
    ctx.send(printer.announce, { id, chapter });
    await ctx.call(printer.print, { id, chapter });
    if (ctx.patched('proofread')) await ctx.call(printer.proofread, { id, chapter });
    await ctx.sleep('4 minutes');
  }
});

/** `sound: false`: other code under the same version. No journal of that version has its first call. */
const first = (sound: boolean) =>
  process('book', { ...options, version: 1 }, async (ctx, { id }) => {
    if (!sound) await ctx.call(printer.burn, { id });
    for (const chapter of CHAPTERS['book@1']) {
      await ctx.call(printer.print, { id, chapter });
      await ctx.sleep('4 minutes');
    }
  });

/** An open run of either version can move to the other. */
const later = (version: 2 | 3) =>
  process('book', { ...options, version }, async (ctx, { id }) => {
    for (const chapter of CHAPTERS[`book@${version}`]) {
      await ctx.call(printer.print, { id, chapter });
      await ctx.sleep('6 minutes');
    }
  });

const services = [printer] as const;

/**
 * The second build adds version 2, and changes version 1 by mistake. The third is a rollback, which does not know version 2. The fourth has
 * both versions right. The fifth adds messages to version 1, and a call under `ctx.patched`, and version 3.
 */
export const revisions = [
  system('press', { processes: [first(true)], services }),
  system('press', { processes: [later(2), first(false)], services }),
  system('press', { processes: [first(true)], services }),
  system('press', { processes: [later(2), first(true)], services }),
  system('press', { processes: [later(3), later(2), announcing], services }),
] as const;
