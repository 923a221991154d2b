import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';

// Two systems that share a service. Their processes have one name and start on one event, so that the ids of their commands are equal.

const Review = z.object({ id: z.string(), text: z.string() });
export const desk = service('desk', { approve: command({ input: Review, output: z.object({ by: z.string() }) }) });

export const CaseOpened = event('web.case-opened', Review);

export const reviewClaim = process('review', { startOn: CaseOpened.byId(({ id }) => id) }, (ctx, claim) => ctx.call(desk.approve, claim));
export const reviewRefund = process('review', { startOn: CaseOpened.byId(({ id }) => id) }, (ctx, refund) =>
  ctx.call(desk.approve, refund),
);

export const claims = system('claims', { processes: [reviewClaim], services: [desk] });
export const refunds = system('refunds', { processes: [reviewRefund], services: [desk] });
