import { event, process, system, type StepTask } from 'tutti';
import { z } from 'zod';
import { siteOfStep } from '../../world/step-site.ts';

const Job = z.object({ id: z.string(), legs: z.int(), fails: z.boolean() });

export const Planned = event('jobs.planned', Job);
/** Signals of the job in no step: each makes an activation of its own, between the issue of a step and its run. */
export const Nudged = event('jobs.nudged', z.object({ id: z.string() }));

/** The price of a step, which its undo must receive. It depends on the name alone, so a repeated run gives the same output. */
export function priceOf(name: string): number {
  return [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0);
}

/** The values that the body of a step captured, as it shows them. */
export interface Seen {
  readonly id: string;
  readonly name: string;
  /** The code that the body belongs to. */
  readonly edition: Edition;
  /** The number of steps and signals whose ends the code has seen. */
  readonly ended: number;
  /** In an undo: the price in the output of its step. */
  readonly price?: number;
}
export type Edition = 'first' | 'mistaken' | 'second';

async function act(task: StepTask, input: Seen): Promise<void> {
  const site = siteOfStep();
  await site.pass();
  const undoes = task.undoes === undefined ? {} : { undoes: task.undoes };
  site.effect({
    commandId: task.commandId,
    command: task.undoes === undefined ? 'steps.run' : 'steps.undo',
    input: { ...input },
    ...undoes,
  });
  await site.pass();
}

/**
 * Two branches run steps at once. The body of each shows the values that it captured, and with them the activation to which the runner has
 * replayed. The mistaken edition has a step more at its begin, which no journal of its version has.
 */
const job = (edition: Edition) =>
  process(
    'job',
    {
      version: edition === 'second' ? 2 : 1,
      startOn: Planned.byId(({ id }) => id),
      receives: [Nudged.byId(({ id }) => id)],
      errors: { Failed: z.object({}) },
    },
    async (ctx, { id, legs, fails }) => {
      let ended = 0;
      const step = async (name: string): Promise<number> => {
        const { price } = await ctx.run(
          name,
          async (task) => {
            await act(task, { id, name, edition, ended });
            return { price: priceOf(name) };
          },
          { undo: (output, task) => act(task, { id, name, edition, ended, price: output.price }), timeout: '10 minutes' },
        );
        ended += 1;
        return price;
      };
      const branch = async (name: string): Promise<number> => {
        let total = 0;
        for (let leg = 1; leg <= legs; leg += 1) total += await step(`${name} ${leg}`);
        return total;
      };
      const nudges = async (): Promise<number> => {
        for (let count = 0; ; count += 1) {
          if ((await ctx.waitFor(Nudged, { timeout: '1 hour' })) === undefined) return count;
          ended += 1;
        }
      };
      const [first = 0] = await Promise.all(['charge', ...(edition === 'mistaken' ? ['audit'] : [])].map(step));
      const [left, right] = await Promise.all([branch('left'), branch('right'), nudges()]);
      if (fails) throw ctx.errors.Failed({});
      return { total: first + left + right };
    },
  );

const jobsOf = (...editions: readonly Edition[]) => system('jobs', { processes: editions.map(job), services: [] });

/** The only build of most worlds. */
export const jobs = jobsOf('first');
/** The second build adds version 2 and changes version 1 by mistake, the third has both right. */
export const builds = [jobs, jobsOf('second', 'mistaken'), jobsOf('second', 'first')] as const;

/** The edition whose bodies may run in a run of this definition. */
export const EDITIONS: Readonly<Record<string, Edition>> = { 'job@1': 'first', 'job@2': 'second' };
