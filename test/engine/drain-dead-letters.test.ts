import { expect, test } from 'vitest';
import { inboxBody } from '../../lib/engine/inbox-message.ts';
import { Checkout, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const COMMAND = `${PID}/r1/3`;
const bus = (detail: object): string => JSON.stringify({ version: '0', detail });

/** What comes out of the dead letters a second time. */
const comesTwice = async (rig: EngineRig, body: string): Promise<void> => {
  const message = { messageId: 'm9', receiptHandle: 'm9.1', sentAt: 5, receiveCount: 1 };
  await rig.engine.drainDeadLetters([{ ...message, body: inboxBody({ tutti: 'forced', body, sentat: 5 }) }]);
};

test.each([
  ['a tick', inboxBody({ tutti: 'tick', pid: PID, run: 'r1', tickAt: 1 }), PID],
  [
    'a start by a client',
    inboxBody({ tutti: 'start', startid: 's', tenant: 'default', process: 'trip', id: 'a', data: {}, time: '', by: '' }),
    PID,
  ],
  ['an answer', bus({ commandid: COMMAND }), PID],
  ['a signal by id', bus({ processid: PID }), PID],
  ['an event that only the definitions place', bus({ data: { id: 'a' } }), ''],
  ['an answer to nothing', bus({ commandid: 'nonsense' }), ''],
  ['no JSON', '{"detail":', ''],
])('%s that was a dead letter twice is parked where a person finds it', async (_what, body, pid) => {
  const rig = new EngineRig([tripOf(async () => undefined)], services);
  await comesTwice(rig, body);
  expect(await rig.parking.parked(pid)).toMatchObject([{ pid, reason: 'DEAD_LETTER', body }]);
});

test('what is parked beside an instance that is not stuck goes back by a resume', async () => {
  const rig = new EngineRig([tripOf(async (ctx) => ctx.sleep('1 minute'))], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const { run } = (await rig.head(PID))!;
  rig.clock.advance(60_000);
  expect(await rig.purges()).toBe(1);
  await comesTwice(rig, inboxBody({ tutti: 'tick', pid: PID, run, tickAt: rig.clock.now() }));
  rig.operates(operation('resume', PID));
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
  expect(await rig.parking.parked(PID)).toEqual([]);
});
