/** How fast something went: `perSecond` is the median of several rounds, the times are of all of them. */
export interface Timing {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p95Ms: number;
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
  const round = async (seconds: number): Promise<{ readonly perSecond: number; readonly times: readonly number[] }> => {
    const times: number[] = [];
    globalThis.gc?.();
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
    return { perSecond: (times.length * 1000) / (performance.now() - from), times };
  };
  const warmUpSeconds = options.warmUpSeconds ?? options.seconds;
  if (warmUpSeconds > 0) await round(warmUpSeconds);
  const rates: number[] = [];
  const times: number[] = [];
  for (let done = 0; done < options.rounds; done += 1) {
    const each = await round(options.seconds);
    rates.push(each.perSecond);
    for (const time of each.times) times.push(time);
  }
  return { perSecond: quantile(rates, 0.5), medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95) };
};

export const quantile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};
