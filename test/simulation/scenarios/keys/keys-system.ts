import { event, process, system } from 'tutti';
import { z } from 'zod';

const Move = z.object({ move: z.string(), driver: z.string(), note: z.string() });
const Ride = z.object({ ride: z.string(), driver: z.string(), wants: z.int(), hours: z.int(), legs: z.boolean() });

export const Asked = event('rides.asked', Ride);
export const Moved = event('drivers.moved', Move);
export const Left = event('rides.left', z.object({ ride: z.string() }));

/**
 * A ride takes so many moves of its driver, or ends when it is asked to, or after some hours. Each turn waits for the key again. With `legs`
 * it continues as new after each move, so its subscription moves along.
 */
const ride = (deliver: 'all' | 'first') =>
  process(
    'ride',
    {
      startOn: Asked.byId((asked) => asked.ride),
      receives: [Moved.byKey(({ driver }) => driver, { deliver }), Left.byId((left) => left.ride)],
      onClosed: 'restart',
    },
    async (ctx, asked) => {
      const over = new Date(ctx.now().getTime() + asked.hours * 3_600_000);
      for (let wants = asked.wants; wants > 0; wants -= 1) {
        const next = await ctx.race({ moved: ctx.waitFor(Moved, { key: asked.driver }), left: ctx.waitFor(Left), over: ctx.until(over) });
        if (next.winner !== 'moved') break;
        if (asked.legs) return ctx.continueAsNew({ ...asked, wants: wants - 1 });
      }
      return null;
    },
  );

/** The system in which a move goes to all rides of its driver, and the one in which it goes to the first. */
export const ridesBy = {
  all: system('rides', { processes: [ride('all')], services: [] }),
  first: system('rides', { processes: [ride('first')], services: [] }),
} as const;
