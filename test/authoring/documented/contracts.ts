import * as z from 'zod';
import { command, event, service, versions } from 'tutti';

const Order = z.object({ orderId: z.string(), kg: z.number(), total: z.int() });
export const OrderPlaced = event('shop.order-placed', Order);
export const OrderChanged = event('shop.order-changed', Order);
export const OrderCancelled = event('shop.order-cancelled', z.object({ orderId: z.string() }));

const refund = command({ input: z.object({ paymentId: z.string() }) });
export const payments = service('payments', {
  refund,
  charge: command({
    input: z.object({ amount: z.int() }),
    output: z.object({ paymentId: z.string() }),
    errors: { Declined: z.object({ reason: z.enum(['funds', 'fraud']) }) },
    undo: { command: refund, input: (_charge, { paymentId }) => ({ paymentId }) },
  }),
});

// region retry
const release = command({ input: z.object({ pickUpId: z.string() }) });
const pickUp = command({
  input: z.object({ orderId: z.string() }),
  output: z.object({ pickUpId: z.string() }),
  undo: { command: release, input: (_pickUp, { pickUpId }) => ({ pickUpId }) },
  timeout: '30 seconds', // bounds one run of the handler
  retry: { attempts: 5, within: '1 hour', first: '2 seconds', most: '5 minutes' },
  onUnknown: 'continue', // @default 'stuck'
});
const quote = command({
  about: 'Gives the price of a parcel by its weight.', // for tools, exported contracts and forms
  input: z.object({ kg: z.number() }),
  output: z.object({ price: z.int() }),
  retry: { attempts: 3, within: '5 minutes' }, // without an undo: CommandExhausted at the limit
});
export const carrier = service('carrier', { pickUp, release, quote });
// endregion

// region versions
const V1 = z.object({ street: z.string() });
const V2 = z.object({ lines: z.array(z.string()), country: z.enum(['DE', 'FR']) });
export const Address = versions(V1).next(V2, ({ street }) => ({ lines: [street], country: 'DE' }));
// endregion
