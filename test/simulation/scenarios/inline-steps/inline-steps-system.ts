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

async function act(task: StepTask, input: { readonly name: string; readonly ended: number; readonly price?: number }): Promise<void> {
  const site = siteOfStep();
  await site.pass();
  const undoes = task.undoes === undefined ? {} : { undoes: task.undoes };
  site.effect({ commandId: task.commandId, command: task.undoes === undefined ? 'steps.run' : 'steps.undo', input, ...undoes });
  await site.pass();
}

/**
 * Two branches run steps at once. Each step captures `ended`, the number of steps and signals whose ends the code has seen, so its body shows the
 * activation to which the runner has replayed.
 */
const job = process(
  'job',
  { startOn: Planned.byId(({ id }) => id), receives: [Nudged.byId(({ id }) => id)], errors: { Failed: z.object({}) } },
  async (ctx, { legs, fails }) => {
    let ended = 0;
    const step = async (name: string): Promise<number> => {
      const { price } = await ctx.run(
        name,
        async (task) => {
          await act(task, { name, ended });
          return { price: priceOf(name) };
        },
        { undo: (output, task) => act(task, { name, ended, price: output.price }), timeout: '10 minutes' },
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
    const first = await step('charge');
    const [left, right] = await Promise.all([branch('left'), branch('right'), nudges()]);
    if (fails) throw ctx.errors.Failed({});
    return { total: first + left + right };
  },
);

export const jobs = system('jobs', { processes: [job], services: [] });
