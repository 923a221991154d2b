import { command, process, schedule, service, system, type ScheduleTimes } from 'tutti';
import { z } from 'zod';

export const press = service('press', { print: command({ input: z.object({ id: z.string() }), timeout: '2 minutes' }) });

/** A report takes its time, and prints once. */
const report = process('report', { input: z.object({ id: z.string(), minutes: z.int() }) }, async (ctx, { id, minutes }) => {
  await ctx.sleep(`${minutes} minutes`);
  await ctx.call(press.print, { id });
});

/** The name of the schedule that the code lists. */
export const LISTED = 'hourly';

/** An office whose reports take so many minutes. Without `times` its code lists no schedule. */
export const officeOf = (minutes: number, times?: Pick<ScheduleTimes, 'cron' | 'overlap' | 'catchUp'>) =>
  system('office', {
    processes: [report],
    services: [press],
    ...(times && {
      schedules: [schedule(LISTED, { process: report, zone: 'UTC', ...times, input: ({ id }) => ({ id, minutes }) })],
    }),
  });
