export const LIMIT_CELSIUS = 8;
const READINGS = 3;
const WITHIN_MS = 10 * 60_000;
/** A reading may be so late and still count with others of its time. */
const KEPT_MS = 60 * 60_000;

/** The instants in order, without those that are too old to count with a later one. */
export function recent(instants: readonly number[]): readonly number[] {
  const sorted = instants.toSorted((one, other) => one - other);
  const newest = sorted.at(-1) ?? 0;
  return sorted.filter((instant) => instant > newest - KEPT_MS).slice(-100);
}

/** Whether three of these instants, which are in order, lie within ten minutes. */
export function isTooWarm(instants: readonly number[]): boolean {
  return instants.some((instant, index) => (instants[index + READINGS - 1] ?? Infinity) - instant <= WITHIN_MS);
}
