import { exampleScenarios } from './examples/example-scenarios.ts';
import type { ScenarioMaker } from './scenario.ts';

const makers: Readonly<Record<string, ScenarioMaker>> = exampleScenarios;

export const scenarioNames: readonly string[] = Object.keys(makers);

/** The one of this name; without a name, what the choices draw. */
export const scenarioMaker = (name?: string): ScenarioMaker =>
  name === undefined ? (choices) => made(choices.one(scenarioNames))(choices) : made(name);

const made = (name: string): ScenarioMaker => {
  const maker = makers[name];
  if (maker === undefined) throw new Error(`There is no scenario ${name}: expected one of ${scenarioNames.join(', ')}.`);
  return maker;
};
