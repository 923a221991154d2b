/** Measured rates and times. The rate and the CPU time are medians of several rounds, the other times cover all rounds. */
export interface Timing {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** CPU time of all threads per item. It is meaningful even on a busy machine. */
  readonly cpuMs: number;
}

export interface RoundOptions {
  /** Number of concurrent runners. Each begins its next item when it has ended one. */
  readonly concurrency: number;
  /** Duration of one round: no item begins after it, and each runner ends at least one. */
  readonly seconds: number;
  readonly rounds: number;
  /** Duration of the warm-up round, which is not measured. @default that of one round */
  readonly warmUpSeconds?: number;
}

/** Runs `once` repeatedly, each time with another number. */
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
