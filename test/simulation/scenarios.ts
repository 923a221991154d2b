import { exampleScenarios } from './examples/example-scenarios.ts';
import { livesScenario } from './lives/lives-scenario.ts';
import { programScenario } from './programs/program-scenario.ts';
import type { ScenarioMaker } from './scenario.ts';

const PROGRAMS = 'programs';

const makers: Readonly<Record<string, ScenarioMaker>> = { [PROGRAMS]: programScenario, ...exampleScenarios, lives: livesScenario };

export const scenarioNames: readonly string[] = Object.keys(makers);

/**
 * Most seeds run random programs, which do all that a process can; the examples do what people write, and lives what has to outlive a run.
 * What is added goes last: recorded choices hold the place.
 */
const drawn: readonly string[] = [...Array.from({ length: 5 }, () => PROGRAMS), ...scenarioNames, 'lives'];

/** The one of this name; without a name, what the choices draw. */
export const scenarioMaker = (name?: string): ScenarioMaker =>
  name === undefined ? (choices) => made(choices.one(drawn))(choices) : made(name);

const made = (name: string): ScenarioMaker => {
  const maker = makers[name];
  if (maker === undefined) throw new Error(`There is no scenario ${name}: expected one of ${scenarioNames.join(', ')}.`);
  return maker;
};
