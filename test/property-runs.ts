/** How often a property runs: as its test asks, and in `npm run test:fast` at most PROPERTY_RUNS_MAX times. */
export function runsOf(count: number): number {
  const most = process.env['PROPERTY_RUNS_MAX'];
  return most === undefined ? count : Math.min(count, Number(most));
}
