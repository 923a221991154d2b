import * as z from 'zod';
import { event, process, system } from 'tutti';
import type { CommandEnvelope } from '../lib/contract/wire/envelope.ts';
import { parseCommandId, type CommandKey } from '../lib/contract/wire/process-id.ts';
import { StepFinder } from '../lib/steps/find-step.ts';
import { CountedWorld } from './counted-world.ts';
import { decisionCalls } from './counting-ports.ts';

/** Calls, messages and units of one step of `ctx.run`, counted at the ports of the engine and of the step runner. */
export interface StepCounts {
  /** Its reply. */
  readonly events: number;
  readonly ticks: number;
  /** The engine's calls to SQS that send its command and ticks. */
  readonly sendCalls: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Of the step runner, to replay the journal to the body. */
  readonly runnerReadUnits: number;
}

const ErrandPlanned = event('errands.errand-planned', z.object({ errandId: z.string(), steps: z.int() }));

let activations = 0;

/** Each step captures the outputs of those before it. */
const runErrand = process('run-errand', { startOn: ErrandPlanned.byId((plan) => plan.errandId) }, async (ctx, plan) => {
  activations += 1;
  const references: string[] = [];
  for (let number = 0; number < plan.steps; number += 1)
    references.push((await ctx.run('reserve', async () => ({ reference: `RES-${references.length}` }))).reference);
  return { references };
});

const errands = system('errands', { processes: [runErrand], services: [] });
const ERRANDS = 20;
const FEW = 2;
const MANY = 6;

/** The difference between errands of six steps and of two, so that their start and their end do not count. One message at a time, warm. */
export const countStep = async (): Promise<StepCounts> => {
  const [few, many] = [await countErrands(FEW), await countErrands(MANY)];
  const each = (count: (of: StepCounts) => number): number => (count(many) - count(few)) / (ERRANDS * (MANY - FEW));
  return {
    events: each(({ events }) => events),
    ticks: each(({ ticks }) => ticks),
    sendCalls: each(({ sendCalls }) => sendCalls),
    writeUnits: each(({ writeUnits }) => writeUnits),
    readUnits: each(({ readUnits }) => readUnits),
    runnerReadUnits: each(({ runnerReadUnits }) => runnerReadUnits),
  };
};

const countErrands = async (steps: number): Promise<StepCounts> => {
  const { world, runner } = await runErrands(ERRANDS, steps);
  const { counts, events, ticks } = world;
  return {
    events,
    ticks,
    sendCalls: counts.sends,
    writeUnits: counts.writeUnits,
    readUnits: counts.readUnits,
    runnerReadUnits: runner.readUnits,
  };
};

/** Counts of the step runner, which finds the bodies; they are apart from those of the engine. */
export interface RunnerCounts {
  /** The most store calls for one step. */
  readonly callsMax: number;
  /** The most read units for one step. */
  readonly unitsMax: number;
  /** The most runs of the process's code for one step. */
  readonly replaysMax: number;
  /** Of all steps. */
  readonly readUnits: number;
}

/** Runs errands one after the other. The step runner finds the body of each step; its calls are not in the counts of the world. */
export const runErrands = async (
  errandCount: number,
  steps: number,
): Promise<{ readonly world: CountedWorld; readonly runner: RunnerCounts }> => {
  let asked: CommandEnvelope[] = [];
  const world = new CountedWorld(errands, (command) => {
    asked.push(command);
    return { output: { reference: `RES-${asked.length}` } };
  });
  const finder = new StepFinder(errands, { store: world.store, payloads: world.state.payloadStore });
  let runner: RunnerCounts = { callsMax: 0, unitsMax: 0, replaysMax: 0, readUnits: 0 };
  for (let number = 0; number < errandCount; number += 1) {
    await world.publish(ErrandPlanned, { errandId: `errand-${10_000 + number}`, steps });
    do {
      await world.advance();
      asked = [];
      await world.answer();
      for (const { id, data } of asked) runner = withStep(runner, await countFind(world, finder, parseCommandId(id) as CommandKey, data));
    } while (asked.length > 0);
  }
  await world.deliverTicks();
  return { world, runner };
};

interface FindCounts {
  readonly calls: number;
  readonly units: number;
  readonly replays: number;
}

const withStep = (runner: RunnerCounts, { calls, units, replays }: FindCounts): RunnerCounts => ({
  callsMax: Math.max(runner.callsMax, calls),
  unitsMax: Math.max(runner.unitsMax, units),
  replaysMax: Math.max(runner.replaysMax, replays),
  readUnits: runner.readUnits + units,
});

/** Takes the calls of the finder out of the counts of the world, which are those of the engine. */
const countFind = async (world: CountedWorld, finder: StepFinder, { pid, run }: CommandKey, data: unknown): Promise<FindCounts> => {
  const { counts } = world;
  const before = { ...counts };
  const activationsBefore = activations;
  const found = await finder.find({ pid, run, step: (data as { readonly step: string }).step });
  if ('fault' in found) throw new Error(found.fault);
  const [calls, units] = [decisionCalls(counts) - decisionCalls(before), counts.readUnits - before.readUnits];
  Object.assign(counts, before);
  return { calls, units, replays: activations - activationsBefore };
};
