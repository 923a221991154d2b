import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/**
 * `approve`: of class key. `sign`: of class once. `stamp`: the handler answers by itself without a person, and the old desk does not know
 * it.
 */
export const VERBS = ['approve', 'sign', 'stamp'] as const;
export type Verb = (typeof VERBS)[number];

const Errand = z.object({ label: z.string(), verb: z.enum(VERBS), timeoutSeconds: z.int(), withinSeconds: z.int(), raceSeconds: z.int() });
export type Errand = z.infer<typeof Errand>;
const Paper = z.object({ id: z.string(), errands: z.array(Errand) });

export const Filed = event('worklist.filed', Paper);

const commands = () => {
  const answered = () =>
    command({
      input: z.object({ label: z.string() }),
      output: z.object({ label: z.string(), by: z.string() }),
      errors: { Refused: z.object({ label: z.string() }) },
    });
  return { approve: answered(), sign: answered() };
};
/** The same service before it has `stamp`. */
export const oldDesk = service('desk', commands());
export const desk = service('desk', {
  ...commands(),
  stamp: command({ input: z.object({ label: z.string() }), output: z.object({ label: z.string(), by: z.string() }) }),
});

/**
 * Runs one errand after the other, under a short deadline or in a race against a timer. After a failed or exhausted errand, it continues.
 */
const paper = process('paper', { startOn: Filed.byId(({ id }) => id) }, async (ctx, { errands }) => {
  for (const { label, verb, timeoutSeconds, withinSeconds, raceSeconds } of errands) {
    try {
      const options = { timeout: `${timeoutSeconds} seconds`, retry: { within: `${withinSeconds} seconds` } } as const;
      const done = ctx.call(desk[verb] as typeof desk.approve, { label }, options);
      await (raceSeconds === 0 ? done : ctx.race({ done, late: ctx.sleep(`${raceSeconds} seconds`) }));
    } catch (error) {
      const { code } = error as { code: string };
      if (code !== 'COMMAND_FAILED' && code !== 'COMMAND_EXHAUSTED') throw error;
    }
  }
});

const parts = { processes: [paper], services: [desk] } as const;
/** The two builds are equal. The deploy of the second only replaces each worker. */
export const worklists = [system('worklist', parts), system('worklist', parts)] as const;
