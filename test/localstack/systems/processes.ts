import { process } from 'tutti';
import { Crossed, CrossingWanted, ferry, GateOpened, GateReached, guide, NapWanted, ParcelSent, TourBooked } from './contracts.ts';

export const tour = process('tour', { startOn: TourBooked.byId(({ id }) => id) }, async (ctx, { stops }) => {
  const stamps: string[] = [];
  for (let stop = 1; stop <= stops; stop++) stamps.push((await ctx.call(guide.visit, { stop })).stamp);
  return { stamps };
});

export const parcel = process('parcel', { startOn: ParcelSent.byId(({ id }) => id) }, async (ctx, { letters }) => {
  const { copy } = await ctx.call(guide.weigh, { text: 'a'.repeat(letters) });
  await ctx.call(guide.visit, { stop: copy.length });
});

export const nap = process('nap', { startOn: NapWanted.byId(({ id }) => id) }, async (ctx) => {
  await ctx.sleep('5 seconds');
  await ctx.call(guide.visit, { stop: 1 });
});

export const gate = process(
  'gate',
  { startOn: GateReached.byId(({ id }) => id), receives: [GateOpened.byId(({ id }) => id)] },
  async (ctx) => {
    const { by } = await ctx.waitFor(GateOpened);
    await ctx.call(guide.visit, { stop: 1 });
    return { by };
  },
);

export const crossing = process(
  'crossing',
  { startOn: CrossingWanted.byId(({ id }) => id), publishes: [Crossed] },
  async (ctx, { id, from, to }) => {
    const { ticket } = await ctx.call(ferry.cross, { from, to });
    ctx.publish(Crossed, { id, ticket });
    await ctx.call(guide.visit, { stop: 1 });
    return { ticket };
  },
);
