import * as z from 'zod';
import { event, process } from 'tutti';
import { payments } from './contracts.ts';

const Plan = z.object({ customerId: z.string(), plan: z.enum(['small', 'large']) });
export const MonthBegan = event('shop.month-began', Plan);
export const PlanChanged = event('shop.plan-changed', Plan);

export const month = process(
  'month',
  { startOn: MonthBegan.byId(({ customerId }) => customerId), receives: [PlanChanged.byId(({ customerId }) => customerId)] },
  async (ctx, started) => {
    // region calendar
    let plan = started.plan;
    for await (const { data } of ctx.each([PlanChanged], { until: { monthly: 31, at: '09:00', zone: 'Europe/Paris' } })) {
      plan = data.plan;
    }
    await ctx.call(payments.charge, { amount: plan === 'large' ? 900 : 500 });
    await ctx.until({ cron: '0 9 * * MON-FRI', zone: 'Europe/Paris' }); // the next working day at nine
    // endregion
    return { until: ctx.now().toISOString() };
  },
);
