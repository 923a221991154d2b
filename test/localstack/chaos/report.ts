type Counts = ReadonlyMap<string, number>;

/** The report of a run: tables of counts, figures, and every violation. */
export const reportText = (
  seed: string,
  tables: Readonly<Record<string, Counts>>,
  figures: Readonly<Record<string, number>>,
  violations: readonly string[],
): string =>
  [
    `chaos with CHAOS_SEED=${seed}`,
    ...Object.entries(tables).flatMap(([title, rows]) => [
      row('  ', title, sum(rows)),
      ...[...rows].sort(byName).map(([name, count]) => row('    ', name, count)),
    ]),
    ...Object.entries(figures).map(([name, count]) => row('  ', name, count)),
    ...violations.map((violation) => `    ${violation}`),
  ].join('\n');

const WIDTH = 46;
const sum = (rows: Counts): number => [...rows.values()].reduce((total, count) => total + count, 0);
const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number => a.localeCompare(b);
const row = (indent: string, name: string, count: number): string => `${`${indent}${name}`.padEnd(WIDTH)}${String(count).padStart(8)}`;
