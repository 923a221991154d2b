import { serve, type Served } from 'tutti/service';
import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import { effectsInto, type Act, type Effect, type EndedRun, type Expectation, type Scenario, type Site } from '../scenario.ts';
import { meters, office } from './endless-system.ts';

const MINUTE_MS = 60_000;

/**
 * Instances that continue as new while readings arrive: before the start, in crowds, twice, and while a run ends. Each reading counts once
 * over all runs, and each note is sent, whichever run gets its reply.
 */
export const endlessScenario = (choices: Choices): Scenario => {
  const done: Effect[] = [];
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) meterOf(`m${i}`, choices, acts, expectations, done);
  const slow = choices.chance(0.5);
  return {
    name: 'endless',
    builds: [meters],
    serve: (site) => served(site, done, slow),
    acts,
    batch: choices.one([10, 1, 10]),
    expectations,
  };
};

const meterOf = (id: string, choices: Choices, acts: Act[], expectations: Map<string, Expectation>, done: readonly Effect[]): void => {
  const publish = (atMs: number, type: string, eventId: string, data: Record<string, Json>): void => {
    const act = { kind: 'publish', source: 'grid', type, id: eventId, data: { id, ...data } } as const;
    acts.push({ ...act, atMs });
    if (choices.chance(0.3)) acts.push({ ...act, atMs: atMs + choices.below(choices.chance(0.5) ? 2_000 : 20 * MINUTE_MS) });
  };
  const begins = choices.below(MINUTE_MS);
  publish(begins, 'grid.meter-opened', `${id}-opened`, { total: 0, readings: [] });
  const readings = Array.from({ length: choices.between(1, 14) }, (_, i) => `${id}-reading-${i + 1}`);
  let atMs = choices.below(2 * begins + 1);
  for (const reading of readings) {
    publish(atMs, 'grid.meter-read', reading, { reading, kwh: 1 });
    // Many readings arrive together, so several are unread when a run ends.
    atMs += choices.chance(0.6) ? choices.below(200) : choices.below(3 * MINUTE_MS);
  }
  const closed = Math.max(begins, atMs) + 6 * 60 * MINUTE_MS;
  publish(closed, 'grid.meter-closed', `${id}-closed`, {});
  expectations.set(`default#meter#${id}`, {
    starts: [`${id}-opened`],
    events: [...readings, `${id}-closed`],
    operated: [],
    sound: true,
    judge: (run) => judge(run, id, readings, done),
  });
};

/** Every reading counts once, over all runs, and every third one has a note and a bill. */
const judge = (
  { pid, status, result, disturbed }: EndedRun,
  id: string,
  readings: readonly string[],
  done: readonly Effect[],
): string[] => {
  if (status !== 'completed' || disturbed) return [];
  const wrong: string[] = [];
  const { total, readings: counted } = result as { readonly total: number; readonly readings: readonly string[] };
  if (new Set(counted).size !== counted.length) wrong.push(`I4: ${pid} has counted a reading twice: ${counted.join()}`);
  const missing = readings.filter((each) => !counted.includes(each));
  if (missing.length > 0 || total !== readings.length) wrong.push(`I6: ${pid} has counted ${total}, without ${missing.join() || 'none'}`);
  const runs = Math.floor(readings.length / 3);
  for (const name of ['office.note', 'office.bill']) {
    const ids = new Set(
      done.filter((each) => each.command === name && (each.input as { id: string }).id === id).map(({ commandId }) => commandId),
    );
    if (ids.size !== runs) wrong.push(`I2: ${pid} has ${ids.size} of ${runs} effects of ${name}`);
  }
  return wrong;
};

const served = (site: Site, done: Effect[], slow: boolean): readonly Served[] => {
  const does = effectsInto(site, done);
  return [
    serve(office, {
      bill: async (input, { commandId }) => {
        await does({ commandId, command: 'office.bill', input });
        return { bill: commandId };
      },
      note: async (input, { commandId }) => {
        // The reply of a note that takes long comes to a later run.
        if (slow) await site.clock.sleep(40_000);
        await does({ commandId, command: 'office.note', input });
      },
    }),
  ];
};
