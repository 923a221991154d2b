import * as z from 'zod';
import { process, schedule, system } from 'tutti';

export const report = process('report', { input: z.object({ day: z.iso.date() }) }, async (ctx, { day }) => {
  await ctx.sleep('10 minutes');
  return { day };
});

// region schedule
/** Starts each night. In Paris, whatever the zone of the machine. */
export const nightly = schedule('nightly-report', {
  process: report,
  cron: '30 2 * * *',
  zone: 'Europe/Paris',
  input: (at) => ({ day: at.day }),
  overlap: 'queue-one',
  within: '6 hours',
});

export const reports = system('reports', { processes: [report], services: [], schedules: [nightly] });
// endregion
