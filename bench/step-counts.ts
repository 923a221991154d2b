import * as z from 'zod';
import { event, process, system } from 'tutti';
import type { CommandEnvelope } from '../lib/contract/wire/envelope.ts';
import { parseCommandId, type CommandKey } from '../lib/contract/wire/process-id.ts';
import { StepFinder } from '../lib/steps/find-step.ts';
import { CountedWorld } from './counted-world.ts';

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

/** Each step captures the outputs of those before it. */
const runErrand = process('run-errand', { startOn: ErrandPlanned.byId((plan) => plan.errandId) }, async (ctx, plan) => {
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
  let asked: CommandEnvelope[] = [];
  const world = new CountedWorld(errands, (command) => {
    asked.push(command);
    return { output: { reference: `RES-${asked.length}` } };
  });
  const finder = new StepFinder(errands, { store: world.store, payloads: world.state.payloadStore });
  let runnerReadUnits = 0;
  for (let number = 0; number < ERRANDS; number += 1) {
    await world.publish(ErrandPlanned, { errandId: `errand-${10_000 + number}`, steps });
    do {
      await world.advance();
      asked = [];
      await world.answer();
      const before = world.counts.readUnits;
      for (const { id, data } of asked) await findStep(finder, parseCommandId(id) as CommandKey, data);
      runnerReadUnits += world.counts.readUnits - before;
      world.counts.readUnits = before;
    } while (asked.length > 0);
  }
  await world.deliverTicks();
  const { counts, events, ticks } = world;
  return { events, ticks, sendCalls: counts.sends, writeUnits: counts.writeUnits, readUnits: counts.readUnits, runnerReadUnits };
};

const findStep = async (finder: StepFinder, { pid, run }: CommandKey, data: unknown): Promise<void> => {
  const found = await finder.find({ pid, run, step: (data as { readonly step: string }).step });
  if ('fault' in found) throw new Error(found.fault);
};
