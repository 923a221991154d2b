import { serve } from 'tutti/service';
import { logistics } from '../contracts.ts';
import { planner } from './planner.ts';

export const handler = serve(logistics, {
  reroute: async ({ shipmentId, place }, task) => {
    const depot = await planner.reroute(shipmentId, place, { idempotencyKey: task.commandId, signal: task.signal });
    if (depot === undefined) throw task.errors.NoDepot({});
    return { depot };
  },
});
