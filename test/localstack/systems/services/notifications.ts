import { serve } from 'tutti/service';
import { notifications } from '../../../../examples/travel-booking/contracts.ts';
import { deed } from './ledger.ts';

export const handler = serve(notifications, {
  notify: async ({ message }, task) => {
    await deed({ key: task.commandId, service: 'notifications', what: `notify ${message}` });
  },
});
