/** Load on the core and its driver alone: decisions and replays, without ports, queues and services. */
import { CheckoutTravelCart } from '../examples/travel-booking/contracts.ts';
import { trips } from '../examples/travel-booking/system.ts';
import { canonical } from '../lib/contract/wire/json.ts';
import { eventContract } from '../lib/contract/event.ts';
import type { ProcessContract } from '../lib/contract/runtime-contract.ts';
import type { Json } from '../lib/contract/schema.ts';
import { systemContract, type System } from '../lib/contract/system.ts';
import { newImage } from '../lib/core/image.ts';
import type { Inbound } from '../lib/core/inbound.ts';
import type { RunEnvironment } from '../lib/core/run.ts';
import { decideEvent } from '../lib/engine/advance/decide.ts';
import { sha256 } from '../lib/format/inbox-message.ts';
import { LiveInstance } from '../lib/engine/advance/live-instance.ts';
import { readEntries } from '../lib/format/read-journal.ts';
import { replayEntries } from '../lib/engine/replay-journal.ts';
import { frontEndOf } from '../lib/process/front-end.ts';
import { rounds, type Timing } from './rounds.ts';
import { cartOf, TourPlanned, tours } from './systems.ts';

const AT = Date.UTC(2027, 0, 1);
const RUN = 'Ab0dE-gHiJ_lMnOpQrStUv';

const environmentOf = (system: System<string>): RunEnvironment => {
  const { name, commands } = systemContract(system);
  return { system: name, commands, hash: sha256, canonical, tickThresholdMs: -1, checks: false };
};

const definitionOf = (system: System<string>, process: string): ProcessContract =>
  systemContract(system).processes.get(process)?.[0] as ProcessContract;

const OUTPUTS: readonly Json[] = [{ paymentId: 'pi_3NkVqL2eZvKYlo2C' }, { reference: 'X4K9QT' }, { reference: 'HT-55120871' }, null];

const startOf = (event: string, data: Json, definition: string): Inbound => ({
  kind: 'start',
  key: `s:${RUN}`,
  messageId: '0f1ed7a2-9a5e-4c1c-8f62-6f4b6c1c7f10',
  forced: false,
  at: AT,
  hops: 0,
  id: '01KE0000000000000000000000',
  identity: RUN,
  event,
  source: 'trips',
  time: '2027-01-01T00:00:00.000Z',
  data,
  definition,
});

const replyOf = (n: number, data: Json): Inbound => ({
  kind: 'reply',
  key: `r:${RUN}:${n}`,
  messageId: '0f1ed7a2-9a5e-4c1c-8f62-6f4b6c1c7f10',
  forced: false,
  at: AT + n,
  hops: 0,
  run: RUN,
  n,
  outcome: 'completed',
  retryable: false,
  data,
});

/** Decisions per sample, because the clock is too coarse for one decision. */
const BOOKINGS_PER_SAMPLE = 40;

/** One decision of a booking without failures, from the admitted event to the changed image. */
export const timeDecisions = async (): Promise<Timing> => {
  const environment = environmentOf(trips);
  const definition = definitionOf(trips, 'book-trip');
  const start = startOf(eventContract(CheckoutTravelCart).type, cartOf('cart-42'), 'book-trip@1');
  const timing = await rounds({ concurrency: 1, seconds: 0.5, rounds: 5, warmUpSeconds: 1 }, async () => {
    for (let number = 0; number < BOOKINGS_PER_SAMPLE; number += 1) {
      const live = new LiveInstance({ definition, environment, frontEndOf }, newImage('default#book-trip#cart-42', RUN, 'book-trip@1', AT));
      await decideEvent(live, start);
      for (const output of OUTPUTS) await decideEvent(live, replyOf([...live.run.image.commands.keys()][0] as number, output));
    }
  });
  return perUnit(timing, BOOKINGS_PER_SAMPLE * (OUTPUTS.length + 1));
};

/** One replay, from the stored journal entries to a live instance. */
export const timeReplays = async (entries: number): Promise<Timing> => {
  const environment = environmentOf(tours);
  const definition = definitionOf(tours, 'reserve-tour');
  const pid = 'default#reserve-tour#tour-42';
  const texts = await journalOf(environment, definition, pid, entries);
  return rounds({ concurrency: 1, seconds: 0.5, rounds: 3 }, async () => {
    const journal = await readEntries(texts, () => Promise.resolve(null));
    const { differences } = await replayEntries({ definition, environment, frontEndOf, pid, run: RUN, entries: journal });
    if (differences.length > 0) throw new Error(differences[0]);
  });
};

const journalOf = async (
  environment: RunEnvironment,
  definition: ProcessContract,
  pid: string,
  entries: number,
): Promise<readonly string[]> => {
  const live = new LiveInstance({ definition, environment, frontEndOf }, newImage(pid, RUN, 'reserve-tour@1', AT));
  const { image } = live.run;
  await decideEvent(live, startOf(eventContract(TourPlanned).type, { tourId: 'tour-42', legs: entries }, 'reserve-tour@1'));
  while (image.tail.length < entries)
    await decideEvent(live, replyOf([...image.commands.keys()][0] as number, { reference: `RES-${image.seq}` }));
  return image.tail;
};

const perUnit = ({ perSecond, medianMs, p95Ms, cpuMs }: Timing, units: number): Timing => ({
  perSecond: perSecond * units,
  medianMs: medianMs / units,
  p95Ms: p95Ms / units,
  cpuMs: cpuMs / units,
});
