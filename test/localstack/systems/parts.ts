import * as z from 'zod';
import { event, process, schedule } from 'tutti';
import { guide } from './contracts.ts';

const Named = z.object({ id: z.string() });

/** A process with a child for each wagon. */
export const ConvoyPlanned = event('trials.convoy-planned', Named.extend({ wagons: z.int() }));
/** A process that waits for an event by a key, and that event. */
export const RideOrdered = event('trials.ride-ordered', Named.extend({ driverId: z.string() }));
export const DriverMoved = event('trials.driver-moved', z.object({ driverId: z.string(), km: z.int() }));
/** A process that continues as new at each reading. */
export const MeterBuilt = event('trials.meter-built', Named.extend({ sum: z.int() }));
export const MeterRead = event('trials.meter-read', Named.extend({ kwh: z.int() }));
/** A process that answers a question. */
export const TaxiOrdered = event('trials.taxi-ordered', Named);
export const TaxiCancelled = event('trials.taxi-cancelled', Named, { answer: z.object({ fee: z.int() }) });

/** A process of which one instance of a yard runs at once. */
export const CraneWanted = event('trials.crane-wanted', Named.extend({ yard: z.string() }));
export const CraneFreed = event('trials.crane-freed', Named);
/** A process with two versions. */
export const TollReached = event('trials.toll-reached', Named);
export const TollPaid = event('trials.toll-paid', Named);

export const wagon = process('wagon', { input: z.object({ number: z.int() }) }, async (ctx, { number }) => {
  const { stamp } = await ctx.call(guide.visit, { stop: number });
  return { number, stamp };
});

export const convoy = process('convoy', { startOn: ConvoyPlanned.byId(({ id }) => id) }, async (ctx, { wagons }) => {
  const numbers = Array.from({ length: wagons }, (_, index) => index + 1);
  return { arrived: await ctx.map(numbers, async (_, number) => (await ctx.child(wagon, { number })).number) };
});

export const followDriver = process(
  'follow-driver',
  { startOn: RideOrdered.byId(({ id }) => id), receives: [DriverMoved.byKey(({ driverId }) => driverId)] },
  async (ctx, { driverId }) => await ctx.waitFor(DriverMoved, { key: driverId }),
);

export const METER_FULL = 6;
export const meter = process(
  'meter',
  { startOn: MeterBuilt.byId(({ id }) => id), receives: [MeterRead.byId(({ id }) => id)] },
  async (ctx, { id, sum }) => {
    const next = sum + (await ctx.waitFor(MeterRead)).kwh;
    return next < METER_FULL ? ctx.continueAsNew({ id, sum: next }) : { sum: next };
  },
);

export const taxi = process(
  'taxi',
  { startOn: TaxiOrdered.byId(({ id }) => id), receives: [TaxiCancelled.byId(({ id }) => id)] },
  async (ctx) => {
    await ctx.waitFor(TaxiCancelled);
    ctx.answer(TaxiCancelled, { fee: 500 });
  },
);

export const crane = process(
  'crane',
  {
    startOn: CraneWanted.byId(({ id }) => id),
    receives: [CraneFreed.byId(({ id }) => id)],
    start: { concurrency: { key: (wanted: { readonly yard: string }) => wanted.yard, most: 1 } },
  },
  async (ctx, { yard }) => {
    await ctx.waitFor(CraneFreed);
    return { yard };
  },
);

const tollOf = (version: number) =>
  process('toll', { version, startOn: TollReached.byId(({ id }) => id), receives: [TollPaid.byId(({ id }) => id)] }, async (ctx) => {
    await ctx.waitFor(TollPaid);
    return { version };
  });
export const toll = tollOf(2);

/** A process that a test pauses as a whole. */
export const ferryman = process('ferryman', { input: z.object({ passengers: z.int() }) }, async (_ctx, { passengers }) => ({ passengers }));

export const inspection = process('inspection', { input: z.object({ day: z.string() }) }, async (_ctx, { day }) => ({ day }));

export const inspections = schedule('inspections', {
  process: inspection,
  cron: '* * * * *',
  zone: 'Europe/Vienna',
  input: (at) => ({ day: at.day }),
});

export const parts = [convoy, wagon, followDriver, meter, taxi, crane, toll, tollOf(1), ferryman, inspection] as const;
