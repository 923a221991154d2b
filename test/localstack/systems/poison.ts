import { process } from 'tutti';
import { guide, PoisonTaken } from './contracts.ts';

/** The code as it was first deployed: after the first answer it throws what nobody declared. */
export const poison = process('poison', { startOn: PoisonTaken.byId(({ id }) => id) }, async (ctx) => {
  const { stamp } = await ctx.call(guide.visit, { stop: 1 });
  const stamps = JSON.parse(`{${stamp}`) as readonly string[];
  await ctx.call(guide.visit, { stop: stamps.length });
});
