import type { Configuration } from './configuration.ts';
import { describeStep, describeTold } from './trace.ts';
import { World, type Budget, type Step, type WorldOptions } from './world.ts';

/** A schedule gets no longer than this; whoever goes on for ever is found by it. */
const STEPS_MAX = 400;

/** What the search of one configuration came to. */
export interface Explored {
  /** Schedules that were run, each from the beginning. */
  readonly executions: number;
  /** States that differ for somebody. */
  readonly states: number;
  /** States in which there was a choice. */
  readonly choicePoints: number;
  /** Schedules that were run to the end and checked there. */
  readonly ends: number;
  readonly longest: number;
  /** What does not hold, and after which choices; undefined where all holds. */
  readonly violation?: Violation;
}

export interface Violation {
  readonly what: readonly string[];
  readonly path: readonly number[];
  /** With so many faults allowed, which is part of what the choices mean. */
  readonly faults: number;
}

/**
 * Runs every schedule of a configuration with at most so many faults: depth first, each execution from the beginning, since real
 * objects cannot be copied. A state that was reached before with as much left to spend is not gone on with.
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
  if (!step) throw new Error(`Step ${index} is not there any more: the code under test is not deterministic.`);
  return step;
};

/** Which states were gone on with, and with what left to spend. */
class Search {
  readonly #known = new Map<string, Budget[]>();

  get size(): number {
    return this.#known.size;
  }

  /** Notes the state; returns whether all that can come of it is, or will be, explored elsewhere. */
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

/** A shortest schedule that breaks something: breadth first, with as few faults as it takes. */
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

/** A schedule as sentences: who did what, to what, and what came of it. */
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
