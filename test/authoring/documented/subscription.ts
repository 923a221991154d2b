import * as z from 'zod';
import { event, process } from 'tutti';
import { payments } from './contracts.ts';

const Customer = z.object({ customerId: z.string() });
export const PeriodBegan = event('shop.period-began', Customer.extend({ period: z.int() }));
export const Left = event('shop.customer-left', Customer);
export const Paused = event('shop.subscription-paused', Customer);
export const Resumed = event('shop.subscription-resumed', Customer.extend({ pause: z.int() }));

// region endless
/** One run a month. */
export const subscription = process(
  'subscription',
  {
    startOn: PeriodBegan.byId(({ customerId }) => customerId),
    receives: [Left.byId(({ customerId }) => customerId)],
  },
  async (ctx, { customerId, period }) => {
    await ctx.call(payments.charge, { amount: 900 });
    const left = await ctx.waitFor(Left, { timeout: '30 days' });
    if (left) return { period };
    return ctx.continueAsNew({ customerId, period: period + 1 }, { version: 'newest' });
  },
);
// endregion

export const pausing = process(
  'pausing',
  {
    startOn: PeriodBegan.byId(({ customerId }) => customerId),
    receives: [Paused.byId(({ customerId }) => customerId), Resumed.byId(({ customerId }) => customerId)],
  },
  async (ctx) => {
    // region stale
    for (let pause = 1; pause <= 2; pause += 1) {
      await ctx.waitFor(Paused);
      await ctx.waitFor(Resumed, { match: (resumed) => resumed.pause === pause }); // an older one stays unread
    }
    // endregion
    return { pauses: 2 };
  },
);
