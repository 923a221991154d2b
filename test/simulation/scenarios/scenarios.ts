import type { Choices } from '../world/choices.ts';
import { blackoutsScenario } from './blackouts/blackouts-scenario.ts';
import { bulkScenario } from './bulk/bulk-scenario.ts';
import { compositionsScenario } from './compositions/compositions-scenario.ts';
import { endlessScenario } from './endless/endless-scenario.ts';
import { childrenScenario } from './children/children-scenario.ts';
import { evolvingScenario } from './evolving/evolving-scenario.ts';
import { exampleScenarios } from './examples/example-scenarios.ts';
import { forksScenario } from './forks/forks-scenario.ts';
import { inlineStepsScenario } from './inline-steps/inline-steps-scenario.ts';
import { startsScenario } from './starts/starts-scenario.ts';
import { successiveRunsScenario } from './successive-runs/successive-runs-scenario.ts';
import { holdsScenario } from './holds/holds-scenario.ts';
import { keysScenario } from './keys/keys-scenario.ts';
import { limitsScenario } from './limits/limits-scenario.ts';
import { loopScenario } from './loop/loop-scenario.ts';
import { pausedScenario } from './paused/paused-scenario.ts';
import { outagesScenario } from './outages/outages-scenario.ts';
import { programScenario } from './programs/program-scenario.ts';
import { retentionScenario } from './retention/retention-scenario.ts';
import { revisionsScenario } from './revisions/revisions-scenario.ts';
import type { Scenario, ScenarioMaker } from './scenario.ts';
import { schedulesScenario } from './schedules/schedules-scenario.ts';
import { tenantsScenario } from './tenants/tenants-scenario.ts';
import { worklistScenario } from './worklist/worklist-scenario.ts';

const PROGRAMS = 'programs';

const often: Readonly<Record<string, ScenarioMaker>> = {
  [PROGRAMS]: programScenario,
  ...exampleScenarios,
  'successive-runs': successiveRunsScenario,
};
const providers: Readonly<Record<string, ScenarioMaker>> = { outages: outagesScenario, blackouts: blackoutsScenario };
const people: Readonly<Record<string, ScenarioMaker>> = { worklist: worklistScenario };
/** Each makes one situation that is rare in most systems. */
const rareSituations: Readonly<Record<string, ScenarioMaker>> = {
  retention: retentionScenario,
  loop: loopScenario,
  revisions: revisionsScenario,
  evolving: evolvingScenario,
  tenants: tenantsScenario,
};
/**
 * Each has a column of the draw, which other scenarios leave free: 1 of 20 seeds of each place. A new one takes a free column,
 * and the seeds outside of it keep their worlds.
 */
const columns: Readonly<Record<string, { readonly column: number; readonly maker: ScenarioMaker }>> = {
  'inline-steps': { column: 19, maker: inlineStepsScenario },
  children: { column: 18, maker: childrenScenario },
  endless: { column: 17, maker: endlessScenario },
  keys: { column: 16, maker: keysScenario },
  paused: { column: 14, maker: pausedScenario },
  schedules: { column: 15, maker: schedulesScenario },
  forks: { column: 12, maker: forksScenario },
  starts: { column: 13, maker: startsScenario },
  bulk: { column: 11, maker: bulkScenario },
  holds: { column: 10, maker: holdsScenario },
  compositions: { column: 5, maker: compositionsScenario },
  limits: { column: 4, maker: limitsScenario },
};

export const scenarioNames: readonly string[] = [
  ...Object.keys(often),
  ...Object.keys(people),
  ...Object.keys(providers),
  ...Object.keys(rareSituations),
  ...Object.keys(columns),
];

/** Two scenarios share one place in the list, so that the seeds of all others keep their worlds. */
const loopOrTenants: ScenarioMaker = (choices) => (choices.chance(0.5) ? tenantsScenario(choices) : loopScenario(choices));

const rareSituation = (choices: Choices): Scenario =>
  choices.one([retentionScenario, loopOrTenants, revisionsScenario, evolvingScenario])(choices);

/**
 * Most seeds run random programs, which use every feature of a process. The examples are processes as users write them, `successive-runs`
 * has state that outlives a run, and `worklist` has people that answer commands.
 */
const places: readonly ScenarioMaker[] = [
  ...Array.from({ length: 4 }, () => programScenario),
  rareSituation,
  ...Object.values(often),
  successiveRunsScenario,
  worklistScenario,
  outagesScenario,
  blackoutsScenario,
];
const COLUMNS = 20;

/** Draws a scenario by one number, its place times `COLUMNS` plus its column. Recorded choices hold that number. */
const drawn: ScenarioMaker = (choices) => {
  const number = choices.below(places.length * COLUMNS);
  const claimed = Object.values(columns).find(({ column }) => column === number % COLUMNS);
  const place = places[Math.floor(number / COLUMNS)] ?? programScenario;
  return (claimed?.maker ?? place)(choices);
};

/** The maker of this name. Without a name, the choices draw one. */
export const scenarioMaker = (name?: string): ScenarioMaker => (name === undefined ? drawn : made(name));

const made = (name: string): ScenarioMaker => {
  const maker = often[name] ?? rareSituations[name] ?? people[name] ?? providers[name] ?? columns[name]?.maker;
  if (maker === undefined) throw new Error(`There is no scenario ${name}: expected one of ${scenarioNames.join(', ')}.`);
  return maker;
};
