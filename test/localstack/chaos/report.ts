export interface ChaosReport {
  readonly seed: string;
  readonly bookings: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<string, number>;
  readonly kills: ReadonlyMap<string, number>;
  /** Seconds, by phase. */
  readonly phases: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

/** What a run did and came to, for whoever reads it later. */
export const reportText = ({ seed, violations, ...tables }: ChaosReport): string =>
  [
    `chaos, seed ${seed} (CHAOS_SEED)`,
    ...Object.entries(tables).flatMap(([title, rows]) => [`  ${title}: ${sum(rows)}`, ...[...rows].sort(byName).map(row)]),
    `  violations: ${violations.length}`,
    ...violations.map((violation) => `    ${violation}`),
  ].join('\n');

const sum = (rows: ReadonlyMap<string, number>): number => [...rows.values()].reduce((total, count) => total + count, 0);
const row = ([name, count]: readonly [string, number]): string => `    ${name.padEnd(36)} ${String(count).padStart(7)}`;
const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number => a.localeCompare(b);
