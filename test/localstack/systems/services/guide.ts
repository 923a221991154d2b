import { serve } from 'tutti/service';
import { guide } from '../contracts.ts';
import { deed } from './ledger.ts';

export const handler = serve(guide, {
  visit: async ({ stop }, task) => ({
    stamp: await deed({ key: task.commandId, service: 'guide', what: `visit ${stop}` }),
  }),
  weigh: async ({ text }) => ({ copy: text }),
});
