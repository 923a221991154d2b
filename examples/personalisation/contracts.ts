import * as z from 'zod';
import { command, event, service } from 'tutti';

/** A visit of a shopper begins with the first page, and the shop gives it an id. */
const Visit = z.object({ visitId: z.string(), userId: z.string() });
export const PageViewed = event('shop.page-viewed', Visit.extend({ item: z.string() }));
export const CartChanged = event('shop.cart-changed', Visit.extend({ items: z.array(z.string()) }));
export const Purchased = event('shop.purchased', Visit.extend({ items: z.array(z.string()) }));

export const recommendations = service('recommendations', {
  compute: command({
    input: z.object({ seen: z.array(z.string()), cart: z.array(z.string()) }),
    output: z.object({ items: z.array(z.string()) }),
    timeout: '1 minute',
    retry: { attempts: 2, within: '2 minutes' }, // later they are of no use
  }),
});
export const notifications = service('notifications', {
  remind: command({ input: z.object({ userId: z.string(), items: z.array(z.string()) }) }),
});
