import type { CommandEnvelope } from '../lib/contract/wire/envelope.ts';
import { CheckoutTravelCart } from '../examples/travel-booking/contracts.ts';
import { trips } from '../examples/travel-booking/system.ts';
import { CountedWorld, type Answer, type Stores } from './counted-world.ts';
import { noCounts, storeCalls } from './counting-ports.ts';
import { countCrowd } from './crowd.ts';
import { countPart, JOURNEYS, runPart, PARTS, type Part } from './part-counts.ts';
import { runErrands } from './step-counts.ts';
import { cartOf, ConvoyPlanned, GroupPlanned, TourPlanned, tours } from './systems.ts';

/** A count, and its limit in bench/README.md. */
export interface Check {
  readonly what: string;
  readonly counted: number;
  readonly atMost: number;
}

export interface CountedRow {
  readonly kind: 'counted';
  readonly case: string;
  readonly row: string;
  readonly events: number;
  readonly ticks: number;
  /** Write units of every kind, write-ahead items included. */
  readonly storeCallsPerEvent: number;
  /** The most store calls that one event waited for: reads and its commit. */
  readonly decisionCallsMax: number;
  readonly sendsPerEvent: number;
  readonly spillsPerEvent: number;
  readonly writeUnitsPerEvent: number;
  readonly readUnitsPerEvent: number;
  /** Per instance, apart from the write units. */
  readonly indexWritesPerInstance: number;
  readonly checks: readonly Check[];
}

/** The bench fails above these limits, which bench/README.md lists. */
const LIMITS = {
  writeUnitsPerEvent: 1.3,
  writeUnitsPerEventOfLong: 1.15,
  longFromEvents: 21,
  warmCalls: 1,
  coldCalls: 2,
  coldAndSpilledCalls: 3,
  hotWrites: 10,
  crowdWrites: 100,
  costGrowth: 1.2,
  childUnits: 1.5,
  childMessages: 2,
  runnerCalls: 1,
  runnerCallsOfSpilled: 2,
  runnerUnits: 1,
  runnerUnitsOfSpilled: 3,
  runnerReplays: 1,
} as const;

interface Limits {
  readonly units?: boolean;
  readonly calls?: number;
  readonly startCalls?: number | undefined;
  readonly needlessSends?: number;
}

export const countedCases: Readonly<Record<string, () => AsyncIterable<CountedRow>>> = {
  async *happy() {
    yield await bookings('happy', 'one at a time, warm', { units: true, calls: LIMITS.warmCalls });
    yield await bookings('happy', 'one at a time, cold', { units: true, calls: LIMITS.coldCalls }, { cold: true });
    yield await bookings('happy', 'ten in a batch, warm', { units: true }, { instances: 10 });
    yield await bookings('happy', 'ten in a batch, cold', { units: true }, { instances: 10, cold: true });
  },
  async *compensate() {
    yield await bookings('compensate', 'one at a time, warm', { units: true, calls: LIMITS.warmCalls }, { soldOut: true });
    yield await bookings('compensate', 'ten in a batch, warm', { units: true }, { soldOut: true, instances: 10 });
  },
  async *long() {
    const short = await tour(10, { units: true, calls: LIMITS.warmCalls });
    yield short.row;
    for (const steps of [20, 100, 1000]) yield (await tour(steps, { units: true, calls: LIMITS.warmCalls })).row;
    const long = await tour(10_000, { units: true, calls: LIMITS.warmCalls });
    const growth = {
      what: `cost of a step over that of ${short.row.row}`,
      counted: long.costPerStep / short.costPerStep,
      atMost: LIMITS.costGrowth,
    };
    yield { ...long.row, checks: [...long.row.checks, growth] };
    yield (await tour(100, { units: true, calls: LIMITS.coldAndSpilledCalls }, true)).row;
  },
  async *hot() {
    yield await group(50);
    yield await crowd(50, true);
    yield await crowd(50, false);
  },
  async *children() {
    yield await convoy(100, false);
    yield await convoy(100, true);
  },
  async *replay() {
    yield await coldReplay(500);
  },
  async *steps() {
    const { runnerCalls, runnerUnits, runnerCallsOfSpilled, runnerUnitsOfSpilled } = LIMITS;
    yield await errands(20, 6, { calls: runnerCalls, units: runnerUnits });
    yield await errands(1, 100, { calls: runnerCallsOfSpilled, units: runnerUnitsOfSpilled });
  },
  async *parts() {
    for (const [name, part] of Object.entries(PARTS)) yield await usesOf(name, part);
  },
};

const ANSWERS: Readonly<Record<string, Answer>> = {
  'payments.charge': { output: { paymentId: 'pi_3NkVqL2eZvKYlo2C' }, type: 'payments.payment-charged' },
  'payments.refund': { output: null },
  'flights.book': { output: { reference: 'X4K9QT' } },
  'flights.cancel': { output: null },
  'hotels.cancel': { output: null },
  'notifications.notify': { output: null },
};

const tripAnswer = (command: CommandEnvelope): Answer => {
  if (command.type !== 'hotels.book') return ANSWERS[command.type] as Answer;
  const { city } = command.data as { readonly city: string };
  return city === 'Venice' ? { failure: 'SoldOut', data: { freeFrom: '2027-02-17' } } : { output: { reference: 'HT-55120871' } };
};

const bookings = async (
  name: string,
  row: string,
  limits: Limits,
  { instances = 1, soldOut = false, cold = false } = {},
): Promise<CountedRow> => {
  const world = tripWorld(cold);
  // The average of a hundred bookings, because the sizes of ids differ.
  await runBookings(world, 100, { atOnce: instances, soldOut });
  return rowOf(name, row, world, 100, limits);
};

/** A world of bookings. */
export const tripWorld = (cold: boolean, stores?: Stores): CountedWorld => new CountedWorld(trips, tripAnswer, cold, stores);

export const runBookings = async (world: CountedWorld, instances: number, { atOnce = 1, soldOut = false }): Promise<void> => {
  for (let done = 0; done < instances; done += atOnce) {
    for (let number = done; number < done + atOnce; number += 1)
      await world.publish(CheckoutTravelCart, cartOf(`cart-${10_000 + number}`, soldOut));
    await world.settle();
  }
  await world.deliverTicks();
};

let references = 0;
const trainAnswer = (): Answer => ({ output: { reference: `RES-${String((references += 7919) % 1_000_000).padStart(6, '0')}` } });

const tour = async (steps: number, limits: Limits, cold = false): Promise<{ readonly row: CountedRow; readonly costPerStep: number }> => {
  const world = tourWorld(cold);
  const instances = Math.max(1, Math.round(100 / steps));
  await runTours(world, instances, steps);
  const row = rowOf('long', `${steps.toLocaleString('en')} steps, ${cold ? 'cold and spilled' : 'warm'}`, world, instances, limits);
  return { row, costPerStep: (world.counts.writeUnits + storeCalls(world.counts)) / (steps * instances) };
};

/** A world of tours. */
export const tourWorld = (cold: boolean, stores?: Stores): CountedWorld => new CountedWorld(tours, trainAnswer, cold, stores);

export const runTours = async (world: CountedWorld, instances: number, steps: number): Promise<void> => {
  for (let number = 0; number < instances; number += 1) {
    await world.publish(TourPlanned, { tourId: `tour-${10_000 + number}`, legs: steps });
    await world.settle();
  }
  await world.deliverTicks();
};

/** All answers arrive at once. They are for one instance, so a batch is one commit. */
const group = async (legs: number): Promise<CountedRow> => {
  const world = new CountedWorld(tours, trainAnswer);
  await world.publish(GroupPlanned, { tourId: 'tour-10000', legs });
  await world.advance();
  await world.answer();
  const { commits, spills } = world.counts;
  await world.advance();
  const writes = world.counts.commits - commits + world.counts.spills - spills;
  const row = rowOf('hot', `${legs} answers in batches of ten`, world, 1, {});
  return { ...row, checks: [...row.checks, { what: `writes for ${legs} answers`, counted: writes, atMost: LIMITS.hotWrites }] };
};

const CROWD_SEEDS = 5;

/** Each answer runs in an environment of its own, so all of them conflict. Compares the hot lane with a pause and another attempt. */
const crowd = async (answers: number, hotLane: boolean): Promise<CountedRow> => {
  const sum = noCounts();
  let [writesMax, lastMs] = [0, 0];
  for (let seed = 1; seed <= CROWD_SEEDS; seed += 1) {
    const counted = await countCrowd(answers, hotLane, `crowd ${seed}`);
    for (const kind of Object.keys(sum) as (keyof typeof sum)[]) sum[kind] += counted.counts[kind];
    writesMax = Math.max(writesMax, counted.writes);
    lastMs = Math.max(lastMs, counted.lastMs);
  }
  const row = `${answers} answers in ${answers} environments, ${hotLane ? 'hot lane' : 'no lane'}: ${writesMax} head writes, ${Math.round(lastMs)} ms`;
  const counted = { counts: sum, events: answers * CROWD_SEEDS, ticks: 0, decisionCallsMax: 0, startCallsMax: 0 };
  const { checks, ...counts } = rowOf('hot', row, counted, CROWD_SEEDS, {});
  if (!hotLane) return { ...counts, checks };
  return { ...counts, checks: [...checks, { what: `head writes for ${answers} answers`, counted: writesMax, atMost: LIMITS.crowdWrites }] };
};

/** Children that end at once: what is left is a start, an end, and a reply of each. */
const convoy = async (children: number, cold: boolean): Promise<CountedRow> => {
  const world = new CountedWorld(tours, trainAnswer, cold);
  await world.publish(ConvoyPlanned, { convoyId: 'convoy-10000', wagons: children });
  await world.settle();
  await world.deliverTicks();
  const row = rowOf('children', `${children} children, ${cold ? 'cold' : 'warm'}`, world, 1, {});
  const { writeUnits, sends } = world.counts;
  const checks = [
    { what: 'write units a child', counted: writeUnits / children, atMost: LIMITS.childUnits },
    { what: 'messages a child', counted: (world.events - 1) / children, atMost: LIMITS.childMessages },
    { what: 'sends a child', counted: sends / children, atMost: LIMITS.childMessages },
  ];
  return { ...row, checks: [...row.checks, ...checks] };
};

/** The last event of a long instance that is cold: its journal is read and replayed. */
const coldReplay = async (steps: number): Promise<CountedRow> => {
  const world = new CountedWorld(tours, trainAnswer);
  await world.publish(TourPlanned, { tourId: 'tour-10000', legs: steps });
  for (let step = 0; step < steps; step += 1) {
    await world.advance();
    await world.answer();
  }
  world.restart();
  await world.advance();
  return rowOf('replay', `${(2 * steps).toLocaleString('en')} entries`, world, 1, { calls: LIMITS.coldAndSpilledCalls });
};

/** Steps of `ctx.run`. The step runner reads the journal, and replays it once, to find the body of each. */
const errands = async (
  instances: number,
  steps: number,
  runnerMax: { readonly calls: number; readonly units: number },
): Promise<CountedRow> => {
  const { world, runner } = await runErrands(instances, steps);
  const row = rowOf('steps', `ctx.run, ${steps} steps, warm`, world, instances, { units: true, calls: LIMITS.warmCalls });
  const checks = [
    { what: 'store calls of the step runner for a step', counted: runner.callsMax, atMost: runnerMax.calls },
    { what: 'read units of the step runner for a step', counted: runner.unitsMax, atMost: runnerMax.units },
    { what: 'replays of the step runner for a step', counted: runner.replaysMax, atMost: LIMITS.runnerReplays },
  ];
  return { ...row, checks: [...row.checks, ...checks] };
};

const USES = 6;

/** One use of a part of Tutti. The row has the start and the end of the run too; the limits are those of one use. */
const usesOf = async (name: string, { messagesMax, unitsMax, startCallsMax, needlessSendsMax = 0 }: Part): Promise<CountedRow> => {
  const { events, writeUnits } = await countPart(name);
  const limits = { startCalls: startCallsMax, needlessSends: needlessSendsMax * USES * JOURNEYS };
  const row = rowOf('parts', name, await runPart(name, USES), JOURNEYS, limits);
  const checks = [
    { what: 'messages of one use', counted: events, atMost: messagesMax },
    { what: 'write units of one use', counted: writeUnits, atMost: unitsMax },
  ];
  return { ...row, checks: [...row.checks, ...checks] };
};

type Counted = Pick<CountedWorld, 'counts' | 'events' | 'ticks' | 'decisionCallsMax' | 'startCallsMax'>;

const rowOf = (name: string, row: string, world: Counted, instances: number, limits: Limits): CountedRow => {
  const perInstance = world.events / instances;
  const { counts, events, ticks, decisionCallsMax, startCallsMax } = world;
  const writeUnitsPerEvent = counts.writeUnits / events;
  const checks: Check[] = [
    { what: 'sends beyond one a target and batch', counted: counts.needlessSends, atMost: limits.needlessSends ?? 0 },
  ];
  const unitsMax = perInstance >= LIMITS.longFromEvents ? LIMITS.writeUnitsPerEventOfLong : LIMITS.writeUnitsPerEvent;
  if (limits.units) checks.push({ what: 'write units an event', counted: writeUnitsPerEvent, atMost: unitsMax });
  if (limits.calls !== undefined) checks.push({ what: 'store calls of one event', counted: decisionCallsMax, atMost: limits.calls });
  if (startCallsMax > 0)
    checks.push({ what: 'store calls of a start', counted: startCallsMax, atMost: limits.startCalls ?? LIMITS.coldCalls });
  return {
    kind: 'counted',
    case: name,
    row,
    events,
    ticks,
    storeCallsPerEvent: storeCalls(counts) / events,
    decisionCallsMax,
    sendsPerEvent: (counts.sends + counts.publishes) / events,
    spillsPerEvent: counts.spills / events,
    writeUnitsPerEvent,
    readUnitsPerEvent: counts.readUnits / events,
    indexWritesPerInstance: counts.indexWrites / instances,
    checks,
  };
};

export const isHeld = ({ counted, atMost }: Check): boolean => counted <= atMost;
