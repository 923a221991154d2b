import { tripScenario } from './examples/trip-scenario.ts';
import type { Scenario, ScenarioMaker } from './scenario.ts';

const makers: Readonly<Record<string, ScenarioMaker>> = { trips: tripScenario };

export const scenarioNames: readonly string[] = Object.keys(makers);

/** The one of this name; without a name, what the choices draw. */
export const scenarioMaker = (name?: string): ScenarioMaker => {
  if (name === undefined) return drawn;
  const maker = makers[name];
  if (maker === undefined) throw new Error(`There is no scenario ${name}: expected one of ${scenarioNames.join(', ')}.`);
  return maker;
};

const drawn: ScenarioMaker = (choices): Scenario => {
  const name = choices.one(scenarioNames);
  return makers[name]!(choices);
};
