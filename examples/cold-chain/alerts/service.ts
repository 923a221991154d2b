import { serve } from 'tutti/service';
import { mail } from '../../foreign-systems/mail.ts';
import { alerts } from '../contracts.ts';

export const handler = serve(alerts, {
  raise: async ({ shipmentId, text }, task) => {
    const message = `${shipmentId} is ${text}.`;
    await mail.send('quality@example.com', message, { idempotencyKey: task.commandId, signal: task.signal });
  },
});
