import { process } from 'tutti';
import { backOffice, clearing, Report } from './contracts.ts';

/** Books a report that came after the settlement, if a clerk approves it. Each such report has an instance of its own. */
export const adjustTrade = process('adjust-trade', { input: Report }, async (ctx, report) => {
  const { approved, by } = await ctx.call(backOffice.approve, report);
  if (!approved) return { status: 'declined', by };
  await ctx.call(clearing.correct, { ...report, approvedBy: by });
  return { status: 'booked', by };
});
