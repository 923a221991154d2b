import { serve } from 'tutti/service';
import { desk } from '../desks.ts';

/** Approves at once, and leaves the signature to a client. */
export const handler = serve(desk, {
  approve: async (_case, task) => ({ key: task.commandId }),
  sign: async (_case, task) => task.defer(),
});
