import { expect, test } from 'vitest';
import { inboxBody, type RedriveMessage } from '../../lib/format/inbox-message.ts';
import { Checkout, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

const PID = 'default#trip#a';
const redrive = (events: RedriveMessage['events']): string => inboxBody({ tutti: 'redrive', opid: 'op-1', by: 'test', events });

/** A start that is parked apart, as a dead letter is that only the definitions can place. */
const parkedStart = async () => {
  const rig = new EngineRig([tripOf(async (ctx) => ctx.sleep('1 day'))], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.purges();
  const id = `${String(rig.clock.now()).padStart(15, '0')}#m1`;
  const body = rig.bodies[0] as string;
  await rig.parking.park({ pid: '', id, reason: 'DEAD_LETTER', detail: '', body, parkedAt: rig.clock.now() });
  return { rig, id };
};

const sends = async (rig: EngineRig, body: string): Promise<void> => {
  await rig.sender.send('inbox', [{ body }]);
  await rig.advance();
};

test('an event that is parked apart is sent back by a redrive, and is applied', async () => {
  const { rig, id } = await parkedStart();
  await sends(rig, redrive([{ pid: '', id }]));
  expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  expect(await rig.parking.parked('')).toEqual([]);
});

test('a redrive sends what it names and nothing else', async () => {
  const { rig, id } = await parkedStart();
  await sends(
    rig,
    redrive([
      { pid: '', id: 'unknown' },
      { pid: PID, id },
    ]),
  );
  expect(await rig.head(PID)).toBeUndefined();
  expect(await rig.parking.parked('')).toHaveLength(1);
});

test('a redrive sends back what came after the end of its instance, which is kept again', async () => {
  const rig = new EngineRig([tripOf(async () => undefined)], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  rig.happens(Checkout, { id: 'a' }, 'late');
  await rig.advance();
  const [late] = await rig.parking.parked(PID);
  if (late) await sends(rig, redrive([{ pid: PID, id: late.id }]));
  expect(await rig.parking.parked(PID)).toMatchObject([{ id: late?.id, reason: 'CLOSED' }]);
});

test('a late event stays parked if the copy that a redrive sent overtakes the redrive', async () => {
  const rig = new EngineRig([tripOf(async () => undefined)], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  rig.happens(Checkout, { id: 'a' }, 'late');
  await rig.advance();
  const [late] = await rig.parking.parked(PID);
  rig.clock.advance(1);
  const { redriven } = rig.parking;
  // Between the send and the mark another worker takes the copy and parks it, under the id of the event.
  rig.parking.redriven = async (...mark) => {
    expect(await rig.purges()).toBe(1);
    await rig.parking.park({ ...late!, parkedAt: rig.clock.now() });
    await redriven.apply(rig.parking, mark);
  };
  await sends(rig, redrive([{ pid: PID, id: late!.id }]));
  expect(await rig.parking.parked(PID)).toMatchObject([{ id: late!.id, reason: 'CLOSED' }]);
});

test.each([
  ['no events', []],
  ['more than 100', Array.from({ length: 101 }, (_, at) => ({ pid: '', id: String(at) }))],
  ['a pid that is none', [{ pid: 'nonsense', id: '1' }]],
  ['an event without an id', [{ pid: '', id: '' }]],
  ['null', [null as never]],
])('a redrive of %s is malformed', async (_what, events) => {
  const { rig } = await parkedStart();
  await sends(rig, redrive(events));
  expect((await rig.parking.parked('')).map(({ reason }) => reason).toSorted()).toEqual(['DEAD_LETTER', 'MALFORMED']);
});

test('a parked event says the id, the type and the source of what is in it', async () => {
  const rig = new EngineRig([tripOf(async () => undefined)], services);
  const parks = async (body: object): Promise<unknown> => {
    await sends(rig, JSON.stringify({ tutti: 'forced', body: JSON.stringify(body), sentat: 1, park: 'DEAD_LETTER' }));
    const { events } = await rig.parking.list({}, 100);
    return events.at(-1)?.event;
  };
  const detail = { id: 'e1', type: 'shop.placed', source: 'shop' };
  expect(await parks({ detail })).toEqual(detail);
  rig.clock.advance(1);
  expect(await parks({ id: 'e2', 'detail-type': 'partner.paid', source: 'partner', detail: {} })).toEqual({
    id: 'e2',
    type: 'partner.paid',
    source: 'partner',
  });
  rig.clock.advance(1);
  expect(await parks({ tutti: 'start', startid: 's1', process: 'trip', by: 'ann' })).toEqual({
    id: 's1',
    type: 'trip.start',
    source: 'ann',
  });
  rig.clock.advance(1);
  expect(await parks({ tutti: 'operate', opid: 'o1', act: 'cancel', by: 'ann' })).toEqual({ id: 'o1', type: 'cancel', source: 'ann' });
  rig.clock.advance(1);
  expect(await parks({ something: 'else' })).toBeUndefined();
});
