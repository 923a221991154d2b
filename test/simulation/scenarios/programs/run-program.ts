import { process, system, type Duration } from 'tutti';
import { z } from 'zod';
import { Go, Nudge, Said, Started, Stop, services } from './contracts.ts';
import { runBody, Running } from './interpret.ts';
import { MemoryDatabase } from './memory-database.ts';
import type { Program } from './program.ts';
import { Outside } from './services.ts';
import { tally } from './tally.ts';

const version = (number: number, outside: Outside, timeout?: Duration) =>
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
      const { values } = await runBody({ ctx, running: new Running(outside) }, input.program as unknown as Program);
      // The second version has one step more. A run stays on the version that it started with.
      if (number === 2) await ctx.sleep('1 second');
      return { version: number, values };
    },
  );

/** Runs the program that its start contains. Its steps of `ctx.run` have no effect. */
export const runProgram = version(1, new Outside(new MemoryDatabase()));

/** The first build, and the one that replaces it. `outside`: where its steps of `ctx.run` act. `timeout`: of the process. @default none */
export const buildsOf = (outside: Outside, timeout?: Duration) => {
  const first = version(1, outside, timeout);
  return [
    system('programs', { processes: [first, tally], services }),
    system('programs', { processes: [version(2, outside, timeout), first, tally], services }),
  ] as const;
};
