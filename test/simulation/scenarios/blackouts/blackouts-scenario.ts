import type { Choices } from '../../world/choices.ts';
import { exampleScenarios } from '../examples/example-scenarios.ts';
import { OUTAGE_KINDS } from '../../world/faults.ts';
import { successiveRunsScenario } from '../successive-runs/successive-runs-scenario.ts';
import type { PortOutage } from '../../world/port-outages.ts';
import { programScenario } from '../programs/program-scenario.ts';
import type { Scenario } from '../scenario.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const SCENARIOS = [programScenario, programScenario, successiveRunsScenario, ...Object.values(exampleScenarios)];

/** Draws another scenario, in a cloud whose store, queues or bus are out of reach for two minutes to six hours. */
export const blackoutsScenario = (choices: Choices): Scenario => {
  const first = drawnOutage(choices, 0);
  const outages = choices.chance(0.3) ? [first, drawnOutage(choices, first.toMs)] : [first];
  const scenario = choices.one(SCENARIOS)(choices);
  return { ...scenario, outages };
};

const drawnOutage = (choices: Choices, afterMs: number): PortOutage => {
  const kind = choices.one(OUTAGE_KINDS);
  const fromMs = afterMs + choices.below(choices.one([1, 10]) * MINUTE_MS);
  const lengthMs = choices.one([2 * MINUTE_MS, 20 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS]);
  return { kind, fromMs, toMs: fromMs + lengthMs, share: choices.one([1, 1, 0.8]) };
};
