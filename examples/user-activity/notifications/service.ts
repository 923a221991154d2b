import { serve } from 'tutti/service';
import { mail } from '../../foreign-systems/mail.ts';
import { notifications } from '../contracts.ts';

export const handler = serve(notifications, {
  remind: async ({ userId, cart }, task) => {
    const message = `Still in your cart: ${cart.join(', ')}.`;
    await mail.send(`${userId}@example.com`, message, { idempotencyKey: task.commandId, signal: task.signal });
  },
});
