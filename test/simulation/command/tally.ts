import type { FaultKind } from '../world/faults.ts';
import { invariantOf, type SeedResult } from '../runner/seed-task.ts';
import { merged, seedRanges, type SeedRange } from './seed-ranges.ts';

/** The sums of many seeds. Adding two tallies gives the tally of all their seeds. */
export interface Tally {
  readonly ranges: readonly SeedRange[];
  readonly seeds: number;
  /** The number of seeds that violate each invariant. */
  readonly violations: Readonly<Record<string, number>>;
  readonly failed: readonly number[];
  readonly scenarios: Readonly<Record<string, number>>;
  readonly instances: number;
  readonly events: number;
  readonly commands: number;
  readonly steps: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

type Counts = Readonly<Record<string, number>>;

export const EMPTY_TALLY: Tally = {
  ranges: [],
  seeds: 0,
  violations: {},
  failed: [],
  scenarios: {},
  instances: 0,
  events: 0,
  commands: 0,
  steps: 0,
  faults: {},
};

export const tallyOf = (results: readonly SeedResult[]): Tally => {
  const failed = results.filter(({ violations }) => violations.length > 0);
  return {
    ranges: seedRanges(results.map(({ seed }) => seed)),
    seeds: results.length,
    violations: counted(failed.flatMap(({ violations }) => [...new Set(violations.map(invariantOf))])),
    failed: failed.map(({ seed }) => seed).sort((a, b) => a - b),
    scenarios: counted(results.map(({ scenario }) => scenario)),
    instances: total(results.map(({ instances }) => instances)),
    events: total(results.map(({ events }) => events)),
    commands: total(results.map(({ commands }) => commands)),
    steps: total(results.map(({ steps }) => steps)),
    faults: results.map(({ faults }) => faults as Counts).reduce(added, {}),
  };
};

export const addedUp = (one: Tally, other: Tally): Tally => ({
  ranges: merged([...one.ranges, ...other.ranges]),
  seeds: one.seeds + other.seeds,
  violations: added(one.violations, other.violations),
  failed: [...one.failed, ...other.failed].sort((a, b) => a - b),
  scenarios: added(one.scenarios, other.scenarios),
  instances: one.instances + other.instances,
  events: one.events + other.events,
  commands: one.commands + other.commands,
  steps: one.steps + other.steps,
  faults: added(one.faults, other.faults),
});

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const counted = (names: readonly string[]): Counts => names.reduce<Counts>((counts, name) => added(counts, { [name]: 1 }), {});

/** Sorted by name, so that the order of the seeds does not show. */
const added = (one: Counts, other: Counts): Counts => {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
};
