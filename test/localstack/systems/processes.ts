import { process } from 'tutti';
import {
  Crossed,
  CrossingWanted,
  DeliveryWanted,
  ErrandWanted,
  ferry,
  GateOpened,
  GateReached,
  guide,
  NapWanted,
  ParcelSent,
  TourBooked,
} from './contracts.ts';

export const tour = process('tour', { startOn: TourBooked.byId(({ id }) => id) }, async (ctx, { stops }) => {
  const stamps: string[] = [];
  for (let stop = 1; stop <= stops; stop++) stamps.push((await ctx.call(guide.visit, { stop })).stamp);
  return { stamps };
});

export const parcel = process('parcel', { startOn: ParcelSent.byId(({ id }) => id) }, async (ctx, { letters }) => {
  const { copy } = await ctx.call(guide.weigh, { text: 'a'.repeat(letters) });
  await ctx.call(guide.visit, { stop: copy.length });
});

/** Each step takes a while, so that a function can be killed within it. */
export const errand = process('errand', { startOn: ErrandWanted.byId(({ id }) => id) }, async (ctx) => {
  const stamps: string[] = [];
  for (const shop of ['bakery', 'market', 'post']) {
    const { stamp } = await ctx.run(shop, async (task) => {
      const { deed } = await import('./services/ledger.ts');
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { stamp: await deed({ key: task.commandId, service: 'steps', what: `${shop}-after-${stamps.length}` }) };
    });
    stamps.push(stamp);
  }
  return { stamps };
});

/** The name of the queue of the function that runs the step. */
const queueName = (): string => String(globalThis.process.env['TUTTI_QUEUE_URL']).split('/').at(-1) as string;

export const delivery = process('delivery', { startOn: DeliveryWanted.byId(({ id }) => id) }, async (ctx) => {
  await ctx.run('carry', async (task) => {
    const { deed } = await import('./services/ledger.ts');
    return { stamp: await deed({ key: task.commandId, service: 'courier', what: queueName() }) };
  });
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
