import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { startLocal } from '../../lib/local/start-local.ts';
import { serve } from '../../lib/service/serve.ts';

const Asked = event('rides.asked', z.object({ id: z.string() }));
const withdraw = command({ input: z.object({}) });
const drivers = service('drivers', {
  offer: command({ input: z.object({}), undo: { command: withdraw, input: () => ({}) } }),
  withdraw,
});

test(
  'a handler whose offer lost its race says notDone: it is not run again, nothing is undone, and no fault is reported',
  { timeout: 30_000 },
  async () => {
    let offers = 0;
    let withdrawn = 0;
    const faults: string[] = [];
    const ride = process('ride', { startOn: Asked.byId(({ id }) => id) }, async (ctx) => {
      const { winner } = await ctx.race({ driver: ctx.call(drivers.offer, {}), patience: ctx.sleep('1 second') });
      return winner;
    });
    const served = serve(drivers, {
      offer: async (_input, task) => {
        offers += 1;
        await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
        throw task.notDone('the ride was withdrawn before the driver saw it');
      },
      withdraw: async () => void (withdrawn += 1),
    });
    const { client, stop } = await startLocal(system('rides', { processes: [ride], services: [drivers] }), {
      services: [served],
      onFault: (error) => void faults.push(String(error)),
    });
    await client.publish(Asked, { id: 'r' });
    expect(await client.result(ride, 'r', { timeout: '20 seconds' })).toBe('patience');
    await stop();
    expect({ offers, withdrawn, faults }).toEqual({ offers: 1, withdrawn: 0, faults: [] });
  },
);
