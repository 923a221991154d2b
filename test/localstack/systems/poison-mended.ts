import { process } from 'tutti';
import { guide, PoisonTaken } from './contracts.ts';

/** The code as it is deployed again: the same commands, and the fault is gone. */
export const poison = process('poison', { startOn: PoisonTaken.byId(({ id }) => id) }, async (ctx) => {
  const { stamp } = await ctx.call(guide.visit, { stop: 1 });
  await ctx.call(guide.visit, { stop: stamp.length });
});
