import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * How one run behaves. `works`: calls `depot.take`, and is sometimes terminated while it waits. `listens`: first waits for a word, which
 * may have come already. `stumbles`: throws at the word until a build fixes the code. `stillborn`: throws at its start until then.
 */
export const WAYS = ['works', 'listens', 'stumbles', 'stillborn'] as const;
/** The ways whose code works in each build. */
export const SOUND = ['works', 'listens'] as const satisfies readonly (typeof WAYS)[number][];

const Birth = z.object({ id: z.string(), way: z.enum(WAYS), seconds: z.int(), frail: z.boolean() });
const Saying = z.object({ id: z.string(), text: z.string() });
/** A thing that takes `seconds` to take. If it is `frail`, a handler of class `once` fails after its effect, so the outcome is unknown. */
const Thing = z.object({ life: z.string(), way: z.enum(WAYS), seconds: z.int(), frail: z.boolean() });

export const Born = event('lives.born', Birth);
export const Word = event('lives.word', Saying);
export const Ended = event('lives.ended', Birth);

const put = command({ input: z.object({ thing: z.string() }), timeout: '10 minutes' });
export const depot = service('depot', {
  take: command({
    input: Thing,
    output: z.object({ thing: z.string() }),
    timeout: '2 minutes',
    // The undo needs only the input, so a bug could undo a command that was never answered.
    undo: { command: put, input: ({ life }) => ({ thing: life }) },
  }),
  put,
  note: command({ input: Saying, timeout: '2 minutes' }),
});

/** An instance that may start again after its end. `mended`: the code of the build that replaces the first one. */
const life = (mended: boolean) =>
  process(
    'life',
    {
      startOn: Born.byId((born) => born.id),
      receives: [Word.byId((word) => word.id)],
      publishes: [Ended],
      onClosed: 'restart',
    },
    async (ctx, { id, way, seconds, frail }) => {
      if (way === 'stillborn' && !mended) throw new Error('This code cannot begin.');
      const thing = { life: id, way, seconds, frail };
      if (way === 'listens' || way === 'stumbles') {
        const word = await ctx.waitFor(Word, { timeout: '40 minutes' });
        if (word && way === 'stumbles' && !mended) throw new Error('This code cannot read.');
        if (word) await ctx.call(depot.note, { id, text: word.text });
      }
      await ctx.call(depot.take, thing);
      await ctx.sleep('3 minutes');
      ctx.publish(Ended, { id, way, seconds, frail });
      return way;
    },
  );

const services = [depot] as const;
export const lives = [
  system('lives', { processes: [life(false)], services }),
  system('lives', { processes: [life(true)], services }),
] as const;
