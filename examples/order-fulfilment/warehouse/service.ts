import { serve } from 'tutti/service';
import { warehouse } from '../contracts.ts';
import { worklist } from './worklist.ts';

export const handler = serve(warehouse, {
  pack: {
    run: async (line, task) => { await worklist.add({ ...line, token: task.token }); return task.defer(); },
    cancel: async line => { await worklist.remove(line.orderId); },
  },
  unpack: async ({ parcelId }) => { await worklist.returnToShelf(parcelId); },
  remind: async ({ orderId }) => { await worklist.highlight(orderId); },
});
