import * as z from 'zod';
import { process, schedule, system } from 'tutti';

export const report = process('report', { input: z.object({ day: z.string() }) }, async (_ctx, { day }) => ({ day }));
export const nights = system('nights', {
  processes: [report],
  services: [],
  schedules: [
    schedule('nightly', { process: report, cron: '30 2 1 1 *', zone: 'Europe/Paris', input: ({ day }) => ({ day }), overlap: 'allow' }),
  ],
});
