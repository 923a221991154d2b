import * as z from 'zod';
import { process } from 'tutti';
import { CardChanged, notifications, payments } from './contracts.ts';

const Bill = z.object({ rideId: z.string(), rider: z.email(), card: z.string(), cents: z.int() });

/** A child of the ride. Of a card that is declined, the rider has three days to name another one. */
export const collectFare = process(
  'collect-fare',
  { input: Bill, receives: [CardChanged.byId(({ rideId }) => rideId)], errors: { Unpaid: z.object({ cents: z.int() }) } },
  async (ctx, { rider, card: first, cents }) => {
    const tell = (message: string): void => ctx.send(notifications.notify, { to: rider, message });
    let card = first;
    for (let day = 1; day <= 3; day += 1) {
      const paid = await ctx.try(payments.charge, { amount: cents, card });
      if (!payments.charge.failed(paid)) {
        tell(`You have paid ${euros(cents)}.`);
        return { paymentId: paid.paymentId };
      }
      tell(`Your card was declined. Please name another one to pay ${euros(cents)}.`);
      const changed = await ctx.waitFor(CardChanged, { timeout: '1 day' });
      if (changed) card = changed.card; // if not, the bank of this card may accept it tomorrow
    }
    throw ctx.errors.Unpaid({ cents });
  },
);

const euros = (cents: number): string => `${(cents / 100).toFixed(2)} EUR`;
