import { serve } from 'tutti/service';
import { Ledger } from '../../foreign-systems/ledger.ts';
import { overTheNetwork } from '../../foreign-systems/network.ts';
import { shipping } from '../contracts.ts';

const shipments = new Ledger<{ readonly key: string; readonly parcelId: string; readonly tracking: string }>('shipments');

export const handler = serve(shipping, {
  ship: async ({ parcelId }, task) => {
    await overTheNetwork(250, task.signal);
    const key = task.commandId;
    const { tracking } = shipments.once(key, (count) => ({ key, parcelId, tracking: `TRACK-${String(count).padStart(4, '0')}` }));
    return { tracking };
  },
});
