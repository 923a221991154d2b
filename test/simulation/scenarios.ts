import type { Choices } from './choices.ts';
import { blackoutsScenario } from './blackouts/blackouts-scenario.ts';
import { evolvingScenario } from './evolving/evolving-scenario.ts';
import { exampleScenarios } from './examples/example-scenarios.ts';
import { livesScenario } from './lives/lives-scenario.ts';
import { loopScenario } from './loop/loop-scenario.ts';
import { outagesScenario } from './outages/outages-scenario.ts';
import { programScenario } from './programs/program-scenario.ts';
import { retentionScenario } from './retention/retention-scenario.ts';
import { revisionsScenario } from './revisions/revisions-scenario.ts';
import type { Scenario, ScenarioMaker } from './scenario.ts';
import { worklistScenario } from './worklist/worklist-scenario.ts';

const PROGRAMS = 'programs';

const often: Readonly<Record<string, ScenarioMaker>> = { [PROGRAMS]: programScenario, ...exampleScenarios, lives: livesScenario };
const providers: Readonly<Record<string, ScenarioMaker>> = { outages: outagesScenario, blackouts: blackoutsScenario };
const people: Readonly<Record<string, ScenarioMaker>> = { worklist: worklistScenario };
/** Each of few things, which most systems meet seldom. */
const seldom: Readonly<Record<string, ScenarioMaker>> = {
  retention: retentionScenario,
  loop: loopScenario,
  revisions: revisionsScenario,
  evolving: evolvingScenario,
};

export const scenarioNames: readonly string[] = [
  ...Object.keys(often),
  ...Object.keys(people),
  ...Object.keys(providers),
  ...Object.keys(seldom),
];

const ofSeldom = (choices: Choices): Scenario => choices.one(Object.values(seldom))(choices);

/**
 * Most seeds run random programs, which do all that a process can; the examples do what people write, and lives what has to outlive a run,
 * and worklist what people answer.
 * Recorded choices hold the place.
 */
const drawn: readonly ScenarioMaker[] = [
  ...Array.from({ length: 4 }, () => programScenario),
  ofSeldom,
  ...Object.values(often),
  livesScenario,
  worklistScenario,
  outagesScenario,
  blackoutsScenario,
];

/** The one of this name; without a name, what the choices draw. */
export const scenarioMaker = (name?: string): ScenarioMaker => (name === undefined ? (choices) => choices.one(drawn)(choices) : made(name));

const made = (name: string): ScenarioMaker => {
  const maker = often[name] ?? seldom[name] ?? people[name] ?? providers[name];
  if (maker === undefined) throw new Error(`There is no scenario ${name}: expected one of ${scenarioNames.join(', ')}.`);
  return maker;
};
