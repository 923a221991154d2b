import { serve } from 'tutti/service';
import { mail } from '../foreign-systems/mail.ts';
import { notifications, recommendations } from './contracts.ts';
import { similar } from './catalogue.ts';

/** All services in one process, for `tutti dev` and the tests. */
export const services = [
  serve(recommendations, {
    compute: async ({ seen, cart }) => ({ items: [...similar(seen, cart)] }),
  }),
  serve(notifications, {
    remind: async ({ userId, items }, task) => {
      const message = `Still in your cart: ${items.join(', ')}.`;
      await mail.send(`${userId}@example.com`, message, { idempotencyKey: task.commandId, signal: task.signal });
    },
  }),
];
