import { serve } from 'tutti/service';
import { notifications } from '../contracts.ts';
import { mail } from '../../foreign-systems/mail.ts';

export const handler = serve(notifications, {
  notify: async ({ to, message }, task) => {
    await mail.send(to, message, { idempotencyKey: task.commandId, signal: task.signal });
  },
});
