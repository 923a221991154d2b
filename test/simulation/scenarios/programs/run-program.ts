import { process, system, type Duration } from 'tutti';
import { z } from 'zod';
import { Go, Nudge, Said, Started, Stop, services } from './contracts.ts';
import { runBody } from './interpret.ts';
import type { Program } from './program.ts';
import { tally } from './tally.ts';

const version = (number: number, timeout?: Duration) =>
  process(
    'run-program',
    {
      version: number,
      ...(timeout !== undefined && { timeout }),
      startOn: Started.byId((started) => started.id),
      receives: [Go.byId((go) => go.id), Stop.byId((stop) => stop.id), Nudge.byId((nudge) => nudge.id)],
      publishes: [Said],
      errors: { Thrown: z.object({ label: z.string() }) },
      view: z.object({ text: z.string() }),
    },
    async (ctx, input) => {
      const { values } = await runBody(ctx, input.program as unknown as Program);
      // The second version has one step more. A run stays on the version that it started with.
      if (number === 2) await ctx.sleep('1 second');
      return { version: number, values };
    },
  );

/** Runs the program that its start contains. */
export const runProgram = version(1);

/** The first build, and the one that replaces it. `timeout`: of the process. @default none */
export const buildsOf = (timeout?: Duration) => {
  const first = timeout === undefined ? runProgram : version(1, timeout);
  return [
    system('programs', { processes: [first, tally], services }),
    system('programs', { processes: [version(2, timeout), first, tally], services }),
  ] as const;
};
export const builds = buildsOf();
