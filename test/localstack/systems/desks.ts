import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';

// Two systems that share a service. Their processes have one name and start on one event, so that the ids of their commands are equal.

const Case = z.object({ id: z.string() });
export const desk = service('desk', {
  approve: command({ input: Case, output: z.object({ key: z.string() }) }),
  sign: command({ input: Case, output: z.object({ by: z.string() }) }),
});

export const CaseOpened = event('web.case-opened', Case);

const review = () =>
  process('review', { startOn: CaseOpened.byId(({ id }) => id) }, async (ctx, { id }) => {
    const { key } = await ctx.call(desk.approve, { id });
    const { by } = await ctx.call(desk.sign, { id });
    return { key, by };
  });
export const reviewClaim = review();
export const reviewRefund = review();

export const claims = system('claims', { processes: [reviewClaim], services: [desk] });
export const refunds = system('refunds', { processes: [reviewRefund], services: [desk] });
