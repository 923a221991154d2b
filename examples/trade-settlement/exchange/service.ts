import { serve } from 'tutti/service';
import { exchange } from '../contracts.ts';
import { floor } from './floor.ts';

export const handler = serve(exchange, {
  match: async ({ share }, task) => {
    const matchId = await floor.match(share, task.commandId);
    if (matchId === undefined) throw task.errors.NoMatch({ share });
    return { matchId };
  },
  release: async ({ matchId }) => floor.release(matchId),
  execute: async ({ matchId }) => floor.execute(matchId),
  reports: async ({ orderId, from }) => ({ reports: [...(await floor.reports(orderId, from))] }),
});
