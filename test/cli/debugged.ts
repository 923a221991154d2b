import * as z from 'zod';
import { command, decider, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';

/** A system whose instances are replayed under a debugger. */
export const Ordered = event('kiosk.ordered', z.object({ id: z.string(), tea: z.string() }));
export const Visited = event('kiosk.visited', z.object({ id: z.string(), door: z.string() }));

const bar = service('bar', {
  brew: command({ input: z.object({ tea: z.string() }), output: z.object({ cup: z.int() }), errors: { Empty: z.object({}) } }),
});

export const order = process('order', { startOn: Ordered.byId(({ id }) => id) }, async (ctx, { tea }) => {
  const first = await ctx.call(bar.brew, { tea });
  const price = first.cup * 3;
  // The environment changes the code after an instance has run.
  const again = globalThis.process.env['DEBUGGED_CHANGED'] === undefined ? tea : `${tea} with milk`;
  const second = await ctx.call(bar.brew, { tea: again });
  return { price, cups: [first.cup, second.cup] };
});

export const visits = decider('visits', { state: z.object({ doors: z.array(z.string()) }), initial: () => ({ doors: [] }) }).on(
  Visited.byId(({ id }) => id),
  (state, { door }) => {
    const doors = [...state.doors, door];
    return { doors };
  },
);

export const kiosk = system('kiosk', { processes: [order, visits], services: [bar] });

export const services = [serve(bar, { brew: async ({ tea }) => ({ cup: tea.length }) })];
