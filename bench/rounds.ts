/** How fast something went: the rate and the CPU time are medians of several rounds, the other times are of all of them. */
export interface Timing {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Of all threads of the process, for one: it says something also on a machine that does other work. */
  readonly cpuMs: number;
}

export interface RoundOptions {
  /** How many run at a time; each begins the next when it has ended one. */
  readonly concurrency: number;
  /** Of one round: it begins nothing after this, and each of its runners ends at least one. */
  readonly seconds: number;
  readonly rounds: number;
  /** Round before the measured ones, thrown away. @default as long as one of them */
  readonly warmUpSeconds?: number;
}

/** Runs `once` again and again, with a number that never comes twice. */
export const rounds = async (options: RoundOptions, once: (number: number) => Promise<void>): Promise<Timing> => {
  let number = 0;
  const round = async (seconds: number): Promise<Round> => {
    const times: number[] = [];
    globalThis.gc?.();
    const cpuFrom = process.cpuUsage();
    const from = performance.now();
    const until = from + seconds * 1000;
    const runner = async (): Promise<void> => {
      do {
        const begun = performance.now();
        await once((number += 1));
        times.push(performance.now() - begun);
      } while (performance.now() < until);
    };
    await Promise.all(Array.from({ length: options.concurrency }, runner));
    const ms = performance.now() - from;
    const cpu = process.cpuUsage(cpuFrom);
    return { perSecond: (times.length * 1000) / ms, cpuMs: (cpu.user + cpu.system) / 1000 / times.length, times };
  };
  const warmUpSeconds = options.warmUpSeconds ?? options.seconds;
  if (warmUpSeconds > 0) await round(warmUpSeconds);
  const measured: Round[] = [];
  for (let done = 0; done < options.rounds; done += 1) measured.push(await round(options.seconds));
  const median = (of: (each: Round) => number): number => quantile(measured.map(of), 0.5);
  const times = measured.flatMap((each) => each.times);
  return {
    perSecond: median((each) => each.perSecond),
    medianMs: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    cpuMs: median((each) => each.cpuMs),
  };
};

interface Round {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly times: readonly number[];
}

export const quantile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};
