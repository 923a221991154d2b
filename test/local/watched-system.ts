import { existsSync, writeFileSync } from 'node:fs';
import { command, event, process, service, system } from 'tutti';
import * as z from 'zod';

const Fate = z.enum(['fine', 'spins', 'spins-after-sleep', 'spins-until-flag', 'exits', 'exits-once']);
export const JobWanted = event('jobs.job-wanted', z.object({ id: z.string(), fate: Fate, flag: z.string() }));
export const work = service('work', {
  run: command({ input: z.object({ id: z.string() }), output: z.object({ done: z.string() }) }),
});

/** Never yields again. */
const spin = (): never => {
  for (;;);
};

/** The code of a bad process: what it does to the thread that runs it. A flag is a file, because it outlives that thread. */
const misbehave = (fate: z.infer<typeof Fate>, flag: string): void => {
  if (fate === 'spins' || (fate === 'spins-until-flag' && !existsSync(flag))) spin();
  if (fate === 'exits') globalThis.process.exit(3);
  if (fate === 'exits-once' && !existsSync(flag)) {
    writeFileSync(flag, '');
    globalThis.process.exit(3);
  }
};

export const runJob = process('run-job', { startOn: JobWanted.byId((job) => job.id) }, async (ctx, job) => {
  if (job.fate === 'spins-after-sleep') {
    await ctx.sleep('0.05 seconds');
    spin();
  }
  misbehave(job.fate, job.flag);
  return ctx.call(work.run, { id: job.id });
});

/** One event starts several processes. */
export const CrewWanted = event('jobs.crew-wanted', z.object({ id: z.string(), spins: z.enum(['at-once', 'in-a-microtask']) }));
const crew = <N extends string>(name: N) =>
  process(name, { startOn: CrewWanted.byId(({ id }) => id) }, async (ctx, { id }) => ctx.call(work.run, { id }));
export const cook = crew('cook');
export const pilot = crew('pilot');
export const medic = crew('medic');
/** The bad one among them. If it spins in a microtask, the others have not yielded their turn yet. */
export const spinner = process('spinner', { startOn: CrewWanted.byId(({ id }) => id) }, async (_ctx, { spins }) => {
  if (spins === 'in-a-microtask') await Promise.resolve();
  spin();
});

export const LoopWanted = event('jobs.loop-wanted', z.object({ id: z.string() }));
const TURN_MS = 20;
/** Yields in each turn of its loop, and waits for nothing. */
export const looper = process('looper', { startOn: LoopWanted.byId(({ id }) => id) }, async (ctx) => {
  for (;;) {
    for (const until = performance.now() + TURN_MS; performance.now() < until;);
    await ctx.scope('turn', async () => undefined);
  }
});

export const jobs = system('jobs', { processes: [runJob, cook, pilot, spinner, medic, looper], services: [work] });
