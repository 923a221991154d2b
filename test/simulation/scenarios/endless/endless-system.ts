import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

const Reading = z.object({ id: z.string(), reading: z.string(), kwh: z.int() });

export const Opened = event('grid.meter-opened', z.object({ id: z.string(), total: z.int(), readings: z.array(z.string()) }));
export const Read = event('grid.meter-read', Reading);
export const Closed = event('grid.meter-closed', z.object({ id: z.string() }));
export const Billed = event('meters.billed', z.object({ id: z.string(), total: z.int() }));

export const office = service('office', {
  bill: command({ input: z.object({ id: z.string(), total: z.int() }), output: z.object({ bill: z.string() }), timeout: '2 minutes' }),
  note: command({ input: z.object({ id: z.string(), total: z.int() }), timeout: '2 minutes' }),
});

/** The readings of one run. */
const READINGS = 3;

/** A meter that never ends by itself: each run takes three readings, sends a bill, and continues with what it has. */
const meter = process(
  'meter',
  {
    startOn: Opened.byId(({ id }) => id),
    receives: [Read.byId(({ id }) => id), Closed.byId(({ id }) => id)],
    publishes: [Billed],
    onClosed: 'reject',
  },
  async (ctx, { id, total, readings }) => {
    const state = { id, total, readings: [...readings] };
    let count = 0;
    for await (const { type, data } of ctx.each([Read, Closed])) {
      if (type === 'grid.meter-closed') return state;
      state.total += data.kwh;
      state.readings.push(data.reading);
      count += 1;
      if (count === READINGS) break;
    }
    await ctx.call(office.bill, { id, total: state.total });
    ctx.send(office.note, { id, total: state.total });
    ctx.publish(Billed, { id, total: state.total });
    return ctx.continueAsNew(state, { version: 'newest' });
  },
);

const services = [office] as const;
export const meters = system('meters', { processes: [meter], services });
