import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/** `whose` is the tenant. Each value names its own tenant, so the judge sees a value that crossed to another one. */
const Opening = z.object({ id: z.string(), whose: z.string(), note: z.string(), fails: z.boolean() });
const Word = z.object({ id: z.string(), whose: z.string() });

export const Opened = event('accounts.opened', Opening);
export const Said = event('accounts.said', Word);
export const Noted = event('accounts.noted', Word);

const Entry = z.object({ whose: z.string(), note: z.string() });
const remove = command({ input: z.object({ whose: z.string() }), timeout: '10 minutes' });
export const vault = service('vault', {
  keep: command({
    input: Entry,
    output: z.object({ whose: z.string() }),
    timeout: '10 minutes',
    undo: { command: remove, input: (_entry, { whose }) => ({ whose }) },
  }),
  remove,
});

/** Keeps its note, publishes the event that starts the copy, waits for a word, and closes. If it fails, the note is removed. */
const account = process(
  'account',
  { startOn: Opened.byId(({ id }) => id), receives: [Said.byId(({ id }) => id)], publishes: [Noted], errors: { Closed: z.object({}) } },
  async (ctx, { id, whose, note, fails }) => {
    const kept = await ctx.call(vault.keep, { whose, note });
    ctx.publish(Noted, { id, whose });
    const said = await ctx.waitFor(Said, { timeout: '2 hours' });
    if (fails) throw ctx.errors.Closed({});
    return { whose, kept: kept.whose, said: said?.whose ?? null, note: note.length };
  },
);

/** Starts with the event of an account, which must reach the instance of the same tenant. */
const copy = process('copy', { startOn: Noted.byId(({ id }) => id) }, async (_ctx, { whose }) => ({ whose }));

export const accounts = system('accounts', { processes: [account, copy], services: [vault] });
