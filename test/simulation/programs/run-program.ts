import { process, system } from 'tutti';
import { z } from 'zod';
import { Go, Nudge, Said, Started, Stop, services } from './contracts.ts';
import { runBody } from './interpret.ts';
import type { Program } from './program.ts';
import { tally } from './tally.ts';

const version = (number: number) =>
  process(
    'run-program',
    {
      version: number,
      startOn: Started.byId((started) => started.id),
      receives: [Go.byId((go) => go.id), Stop.byId((stop) => stop.id), Nudge.byId((nudge) => nudge.id)],
      publishes: [Said],
      errors: { Thrown: z.object({ label: z.string() }) },
      view: z.object({ text: z.string() }),
    },
    async (ctx, input) => {
      const { values } = await runBody(ctx, input.program as unknown as Program);
      // The second version does one thing more; a run stays on the version that it began with.
      if (number === 2) await ctx.sleep('1 second');
      return { version: number, values };
    },
  );

/** Runs the program that it is started with. */
export const runProgram = version(1);
const runProgramNext = version(2);

/** The first build, and the one that replaces it. */
export const builds = [
  system('programs', { processes: [runProgram, tally], services }),
  system('programs', { processes: [runProgramNext, runProgram, tally], services }),
] as const;
