import type { Configuration } from './configuration.ts';
import { describeStep, describeTold } from './trace.ts';
import { World, type Budget, type Step, type WorldOptions } from './world.ts';

/** The steps that a schedule may have. A longer one counts as endless. */
const STEPS_MAX = 400;

/** The result of the search of one configuration. */
export interface Explored {
  /** Schedules that were run, each from the start. */
  readonly executions: number;
  /** States that a worker or a check can tell apart. */
  readonly states: number;
  /** States with more than one next step. */
  readonly choicePoints: number;
  /** Schedules that were run to their end and checked there. */
  readonly ends: number;
  readonly longest: number;
  /** The broken invariants and the choices that lead to them; undefined if all hold. */
  readonly violation?: Violation;
}

export interface Violation {
  readonly what: readonly string[];
  readonly path: readonly number[];
  /** The faults that were allowed, on which the meaning of the choices depends. */
  readonly faults: number;
}

/**
 * Runs every schedule of a configuration with at most `options.faults` faults: depth first, each execution from the start, because real
 * objects cannot be copied. A state that was reached before, with at least the same budget left, is not explored again.
 */
export const explore = async (configuration: Configuration, options: WorldOptions): Promise<Explored> => {
  const search = new Search();
  const path: number[] = [];
  const counts: number[] = [];
  let executions = 0;
  let choicePoints = 0;
  let ends = 0;
  let longest = 0;
  const explored = (violation?: Violation): Explored => ({
    executions,
    states: search.size,
    choicePoints,
    ends,
    longest,
    ...(violation && { violation }),
  });
  for (;;) {
    executions += 1;
    const world = new World(configuration, options);
    for (const index of path) await world.take(stepAt(world, index));
    for (;;) {
      const violations = violationsOf(world, path);
      if (violations.length > 0) {
        world.abandon();
        return explored({ what: violations, path, faults: options.faults });
      }
      if (world.ended || search.isKnown(world)) break;
      const steps = world.steps();
      if (steps.length > 1) choicePoints += 1;
      counts.push(steps.length);
      path.push(0);
      await world.take(stepAt(world, 0));
    }
    world.abandon();
    if (world.ended) ends += 1;
    longest = Math.max(longest, path.length);
    while (path.length > 0 && (path.at(-1) as number) + 1 === counts.at(-1)) {
      path.pop();
      counts.pop();
    }
    if (path.length === 0) return explored();
    path[path.length - 1] = (path.at(-1) as number) + 1;
  }
};

const violationsOf = (world: World, path: readonly number[]): readonly string[] =>
  path.length > STEPS_MAX ? ['I8: a schedule never ends'] : world.cloud.checks.violations;

const stepAt = (world: World, index: number): Step => {
  const step = world.steps()[index];
  if (!step) throw new Error(`Step ${index} does not exist any more: the code under test is not deterministic.`);
  return step;
};

/** The states that were explored, with the budgets that were left. */
class Search {
  readonly #known = new Map<string, Budget[]>();

  get size(): number {
    return this.#known.size;
  }

  /** Records the state. Returns whether all that can follow from it is, or will be, explored elsewhere. */
  isKnown(world: World): boolean {
    const digest = world.digest();
    const { budget } = world;
    const before = this.#known.get(digest);
    if (before === undefined) this.#known.set(digest, [budget]);
    else if (before.some(({ faults, duplicates }) => faults >= budget.faults && duplicates >= budget.duplicates)) return true;
    else before.push(budget);
    return false;
  }
}

/** A shortest schedule that breaks an invariant: breadth first, with as few faults as possible. */
export const shortestViolation = async (configuration: Configuration, options: WorldOptions): Promise<Violation | undefined> => {
  for (let faults = 0; faults <= options.faults; faults += 1) {
    const search = new Search();
    for (let paths: (readonly number[])[] = [[]]; paths.length > 0;) {
      const longer: (readonly number[])[] = [];
      for (const path of paths) {
        const world = new World(configuration, { ...options, faults });
        for (const index of path) await world.take(stepAt(world, index));
        const { violations } = world.cloud.checks;
        world.abandon();
        if (violations.length > 0) return { what: violations, path, faults };
        if (world.ended || search.isKnown(world)) continue;
        for (const index of world.steps().keys()) longer.push([...path, index]);
      }
      paths = longer;
    }
  }
  return undefined;
};

/** A schedule as lines of text: the worker, its step and the result of each. */
export const trace = async (
  configuration: Configuration,
  options: WorldOptions,
  { path, what, faults }: Violation,
): Promise<readonly string[]> => {
  const world = new World(configuration, { ...options, faults });
  const lines: string[] = [];
  for (const index of path) {
    const step = stepAt(world, index);
    const line = describeStep(step);
    await world.take(step);
    lines.push(`${String(lines.length + 1).padStart(3)}  ${line}${describeTold(step)}`);
  }
  world.abandon();
  return [...lines, ...what.map((each) => `  →  ${each}`)];
};
