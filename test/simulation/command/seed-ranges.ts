/** From and to, both included. */
export type SeedRange = readonly [from: number, to: number];

/** The ranges that hold exactly these seeds, each as long as possible, in order. */
export const seedRanges = (seeds: Iterable<number>): SeedRange[] => merged([...seeds].map((seed): SeedRange => [seed, seed]));

export const merged = (ranges: readonly SeedRange[]): SeedRange[] => {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
};

/** The first seed that both have. */
export const firstShared = (ones: readonly SeedRange[], others: readonly SeedRange[]): number | undefined => {
  const shared = ones.flatMap(([from, to]) =>
    others.filter((other) => other[0] <= to && other[1] >= from).map((other) => Math.max(from, other[0])),
  );
  return shared.length === 0 ? undefined : Math.min(...shared);
};

export const sizeOf = (ranges: readonly SeedRange[]): number => ranges.reduce((size, [from, to]) => size + to - from + 1, 0);

export const rangesText = (ranges: readonly SeedRange[]): string =>
  ranges.map(([from, to]) => (from === to ? number(from) : `${number(from)} to ${number(to)}`)).join(', ');

const number = (value: number): string => value.toLocaleString('en');
