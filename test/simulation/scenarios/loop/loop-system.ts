import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * `runs`: a turn publishes the next at once. `asks`: it first calls a service, whose answer carries the count of hops. `rests`: it first
 * waits for a timer, which has no cause on the bus.
 */
export const PACES = ['runs', 'asks', 'rests'] as const;
export type Pace = (typeof PACES)[number];

/** The last turn if the limit of hops does not stop the wheel, so that a world with a broken count comes to an end too. */
export const TURNS_MAX = 14;

const Turning = z.object({ wheel: z.string(), turn: z.int(), pace: z.enum(PACES) });

export const Turn = event('mill.turn', Turning);

export const miller = service('miller', { grind: command({ input: Turning, timeout: '30 days' }) });

/** The id of the instance for one turn of a wheel. */
export const turnId = (wheel: string, turn: number): string => `${wheel}-${turn}`;

/** Each turn publishes the event that starts the next. */
const mill = process('mill', { startOn: Turn.byId(({ wheel, turn }) => turnId(wheel, turn)), publishes: [Turn] }, async (ctx, turning) => {
  const { turn, pace } = turning;
  if (pace === 'asks') await ctx.call(miller.grind, turning);
  if (pace === 'rests') await ctx.sleep('1 minute');
  if (turn < TURNS_MAX) ctx.publish(Turn, { ...turning, turn: turn + 1 });
});

export const mills = system('mill', { processes: [mill], services: [miller] });
