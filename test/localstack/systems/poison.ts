import { process } from 'tutti';
import { guide, PoisonTaken } from './contracts.ts';

/** The code of the first edition: after the first reply it throws an undeclared error. */
export const poison = process('poison', { startOn: PoisonTaken.byId(({ id }) => id) }, async (ctx) => {
  const { stamp } = await ctx.call(guide.visit, { stop: 1 });
  const stamps = JSON.parse(`{${stamp}`) as readonly string[];
  await ctx.call(guide.visit, { stop: stamps.length });
});
