import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * How one life is led. `listens`: waits for a word first, which may be there already. `works`: asks for something, and is sometimes
 * ended while it waits. `stumbles`: cannot read a word before its code is mended. `stillborn`: not even its start.
 */
export const WAYS = ['works', 'listens', 'stumbles', 'stillborn'] as const;
/** Those whose code needs no mending. */
export const SOUND = ['works', 'listens'] as const satisfies readonly (typeof WAYS)[number][];

const Birth = z.object({ id: z.string(), way: z.enum(WAYS), seconds: z.int(), frail: z.boolean() });
const Saying = z.object({ id: z.string(), text: z.string() });
/** What is far away takes so many seconds; of what is `frail`, nobody may know whether it was taken. */
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
    // What was asked is enough to put it back, so also what was never answered could be undone by mistake.
    undo: { command: put, input: ({ life }) => ({ thing: life }) },
  }),
  put,
  note: command({ input: Saying, timeout: '2 minutes' }),
});

/** An instance that may be begun again when it has ended; `mended`: the code of the build that replaces the first one. */
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
