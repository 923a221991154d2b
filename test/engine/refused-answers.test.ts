import { describe, expect, test } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { Checkout, flights, hotels, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const pidOf = (id: string): string => `default#trip#${id}`;

const oneStep = tripOf(async (ctx) => {
  await ctx.call(flights.book, { to: 'LIS' });
});
const twoSteps = tripOf(async (ctx) => {
  await ctx.call(flights.book, { to: 'LIS' });
  await ctx.call(hotels.book, { to: 'Lisbon' });
});

/** Five instances whose flight was asked for. */
const asked = async (trip: ReturnType<typeof tripOf>): Promise<{ readonly rig: EngineRig; readonly flown: readonly CommandEnvelope[] }> => {
  const rig = new EngineRig([trip], services);
  for (const id of IDS) rig.happens(Checkout, { id });
  await rig.advance();
  return { rig, flown: await rig.commands('flights') };
};

/** All invalid answers first, then all valid ones: one batch of ten. */
const answerTwice = async (rig: EngineRig, commands: readonly CommandEnvelope[]): Promise<void> => {
  for (const command of commands) await rig.answers(command, 'completed', { reference: 5 });
  for (const command of commands) await rig.answers(command, 'completed', { reference: 'ok' });
};

const statuses = async (rig: EngineRig): Promise<unknown[]> => Promise.all(IDS.map(async (id) => (await rig.head(pidOf(id)))?.status));

const parkedReasons = async (rig: EngineRig, id: string): Promise<string[]> =>
  (await rig.parking.parked(pidOf(id))).map(({ reason }) => reason);

describe('an invalid and a valid answer to one command in one batch', () => {
  test('leave a completed instance completed, and the invalid answer is parked with its reason', async () => {
    const { rig, flown } = await asked(oneStep);
    await answerTwice(rig, flown);
    await rig.advance();
    expect(await statuses(rig)).toEqual(IDS.map(() => 'completed'));
    for (const id of IDS) expect(await parkedReasons(rig, id)).toEqual(['REPLY_INVALID']);
  });

  test('let a running instance go on', async () => {
    const { rig, flown } = await asked(twoSteps);
    await answerTwice(rig, flown);
    await rig.advance();
    expect(await statuses(rig)).toEqual(IDS.map(() => 'running'));
    const rooms = await rig.commands('hotels');
    expect(new Set(rooms.map(({ id }) => id)).size).toBe(5);
  });

  test('complete the instance where resume sends both of them back', async () => {
    const { rig, flown } = await asked(oneStep);
    for (const command of flown) await rig.answers(command, 'completed', { reference: 5 });
    await rig.advance();
    expect(await statuses(rig)).toEqual(IDS.map(() => 'stuck'));
    for (const command of flown) await rig.answers(command, 'completed', { reference: 'ok' });
    await rig.advance();
    for (const id of IDS) {
      rig.operates(operation('resume', pidOf(id)));
      await rig.advance();
    }
    expect(await statuses(rig)).toEqual(IDS.map(() => 'completed'));
    for (const id of IDS) expect(await parkedReasons(rig, id)).toEqual(['REPLY_INVALID']);
  });

  test('leave the instance completed where the invalid answer comes after its end', async () => {
    const { rig, flown } = await asked(oneStep);
    for (const command of flown) await rig.answers(command, 'completed', { reference: 'ok' });
    await rig.advance();
    await answerTwice(rig, flown);
    await rig.advance();
    expect(await statuses(rig)).toEqual(IDS.map(() => 'completed'));
  });
});
