import * as z from 'zod';
import { command, event, process, schedule, service, system, type System } from 'tutti';
import { serve } from 'tutti/service';

/** The system of docs/operations.md. The story of a cart says which trouble it meets. */
const Story = z.enum(['bug', 'unknown', 'undo fails', 'waits', 'lost race', 'done']);
const CheckedOut = event('trips.checked-out', z.object({ cartId: z.string(), story: Story }));
const Confirmed = event('trips.confirmed', z.object({ cartId: z.string() }));

const once = { attempts: 1 };
const refund = command({ input: z.object({ paymentId: z.string() }), retry: once });
const payments = service('payments', {
  charge: command({
    input: z.object({ story: Story }),
    output: z.object({ paymentId: z.string() }),
    retry: once,
    undo: { command: refund, input: (_charge, { paymentId }) => ({ paymentId }) },
  }),
  refund,
});
const flights = service('flights', { book: command({ input: z.object({}), errors: { SoldOut: z.object({}) } }) });

const report = process('report', { input: z.object({ day: z.string() }) }, async () => {});
/** The schedule that the page names. */
const nightly = schedule('nightly-report', { process: report, cron: '30 12 * * *', zone: 'UTC', input: ({ day }) => ({ day }) });

/** A build of the system, with the bug or with its fix. */
const build = (isFixed: boolean): System<'trips'> => {
  const bookTrip = process(
    'book-trip',
    { startOn: CheckedOut.byId(({ cartId }) => cartId), receives: [Confirmed.byId(({ cartId }) => cartId)] },
    async (ctx, { story }) => {
      if (story === 'bug' && !isFixed) throw new TypeError('no such row');
      if (story === 'done') return;
      if (story === 'waits') await ctx.waitFor(Confirmed);
      else if (story === 'lost race') await ctx.race({ paid: ctx.call(payments.charge, { story }), late: ctx.sleep('1 second') });
      else await ctx.call(payments.charge, { story });
      if (story === 'undo fails') await ctx.call(flights.book, {});
    },
  );
  return system('trips', { processes: [bookTrip, report], services: [payments, flights], schedules: [nightly] });
};

export const fixedTrips = build(true);
/** A function, because `tutti replay` expects a module that exports one system. */
export const brokenBuild = (): System<'trips'> => build(false);

export const services = [
  serve(payments, {
    charge: async ({ story }) => {
      if (story === 'unknown' || story === 'lost race') throw new Error('the line broke');
      return { paymentId: 'p-1' };
    },
    refund: () => Promise.reject(new Error('the console is closed')),
  }),
  serve(flights, {
    book: async (_flight, task) => {
      throw task.errors.SoldOut({});
    },
  }),
];
