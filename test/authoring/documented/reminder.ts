import { process } from 'tutti';
import { carrier } from './contracts.ts';
import { Paused, PeriodBegan } from './subscription.ts';

export const reminder = process(
  'reminder',
  { startOn: PeriodBegan.byId(({ customerId }) => customerId), receives: [Paused.byId(({ customerId }) => customerId)] },
  async (ctx) => {
    // region every
    const next = await ctx.race({
      paused: ctx.waitFor(Paused),
      reminding: ctx.every('1 day', (day) => ctx.send(carrier.quote, { kg: day })),
    });
    // endregion
    return next.winner;
  },
);
