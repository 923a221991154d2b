import { describe, expect, test } from 'vitest';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { Checkout, flights, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const DAY = 86_400_000;

const ended = async (options: Parameters<typeof tripOf>[1] = {}): Promise<EngineRig> => {
  const rig = new EngineRig([tripOf(async (ctx) => void (await ctx.waitFor(Nudge)), options)], services);
  rig.happens(Checkout, { id: 'a' }, 'start');
  rig.happens(Nudge, { id: 'a', word: 'first' }, 'first');
  await rig.advance();
  expect((await rig.head(PID))?.status).toBe('completed');
  return rig;
};

describe('an event for an instance that has ended', () => {
  test('is parked as CLOSED for 30 days', async () => {
    const rig = await ended();
    rig.happens(Nudge, { id: 'a', word: 'late' }, 'late');
    await rig.advance();
    expect(await rig.parking.parked(PID)).toMatchObject([
      {
        reason: 'CLOSED',
        detail: 'shop.nudge late came after the instance had ended.',
        body: expect.stringContaining('"word":"late"'),
        expiresAt: rig.clock.now() + 30 * DAY,
      },
    ]);
    expect(rig.notices).toEqual([expect.objectContaining({ kind: 'parked', reason: 'CLOSED', pid: PID })]);
  });

  test('is parked once, however often it is delivered, also under other message ids', async () => {
    const rig = await ended();
    const time = new Date(rig.clock.now()).toISOString();
    for (let copies = 0; copies < 3; copies += 1) {
      rig.happens(Nudge, { id: 'a', word: 'late' }, 'late', { time });
      await rig.advance();
      rig.clock.advance(60_000);
    }
    rig.happens(Nudge, { id: 'a', word: 'later' }, 'later');
    await rig.advance();
    expect((await rig.parking.parked(PID)).map(({ reason }) => reason)).toEqual(['CLOSED', 'CLOSED']);
  });

  test('is not parked where it is a duplicate of what the instance has read, also long ago', async () => {
    const rig = new EngineRig(
      [
        tripOf(async (ctx) => {
          for (let n = 0; n < 80; n += 1) await ctx.waitFor(Nudge);
        }),
      ],
      services,
    );
    rig.happens(Checkout, { id: 'a' }, 'start');
    await rig.advance();
    const time = new Date(rig.clock.now()).toISOString();
    for (let n = 0; n < 80; n += 1) {
      rig.happens(Nudge, { id: 'a' }, `n${n}`, { time });
      await rig.advance();
    }
    expect((await rig.head(PID))?.status).toBe('completed');
    for (const id of ['n0', 'n79']) rig.happens(Nudge, { id: 'a' }, id, { time });
    rig.happens(Checkout, { id: 'a' }, 'start');
    await rig.advance();
    expect(await rig.parking.parked(PID)).toEqual([]);
  });

  test('is parked where it would start the instance again', async () => {
    const rig = await ended();
    rig.happens(Checkout, { id: 'a' }, 'again');
    await rig.advance();
    expect(await rig.parking.parked(PID)).toMatchObject([
      { reason: 'CLOSED', detail: 'shop.checkout again came after the instance had ended.' },
    ]);
  });

  test("is dropped and counted where the process says late: 'ignore'", async () => {
    const rig = await ended({ late: 'ignore' });
    rig.happens(Nudge, { id: 'a', word: 'late' }, 'late');
    await rig.advance();
    expect(await rig.parking.parked(PID)).toEqual([]);
    expect(rig.notices).toEqual([{ kind: 'ignored', reason: 'CLOSED', pid: PID }]);
  });

  test('is not sent back by a resume', async () => {
    const rig = await ended();
    rig.happens(Nudge, { id: 'a', word: 'late' }, 'late');
    await rig.advance();
    const [late] = await rig.parking.parked(PID);
    rig.operates(operation('resume', PID));
    await rig.advance();
    expect(await rig.parking.parked(PID)).toEqual([late]);
  });

  test('is no answer: what a service says after the end is acknowledged as before', async () => {
    const rig = new EngineRig([tripOf(async (ctx) => void (await ctx.call(flights.book, { to: 'LIS' })))], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    const [command] = await rig.commands('flights');
    for (let copies = 0; copies < 2; copies += 1) {
      await rig.answers(command!, 'completed', { reference: 'ok' });
      await rig.advance();
    }
    expect(await rig.parking.parked(PID)).toEqual([]);
  });
});

test('a parked event that has expired is removed from memory, and no other', async () => {
  const store = new MemoryParkingStore();
  const event = { pid: PID, id: '1', reason: 'CLOSED', detail: '', body: '{}', parkedAt: 1, expiresAt: 10 };
  await store.park(event);
  await store.park({ ...event, id: '2', expiresAt: 11 });
  await store.park({ pid: PID, id: '3', reason: 'STUCK', detail: '', body: '{}', parkedAt: 1 });
  store.expire(10);
  expect((await store.parked(PID)).map(({ id }) => id)).toEqual(['2', '3']);
});
