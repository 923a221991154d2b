import { describe, expect, test } from 'vitest';
import { DRAINED_MS_MAX } from '../../lib/engine/jobs/drain-dead-letters.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { Checkout, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const COMMAND = `${PID}/r1/3`;
const DAY_MS = 86_400_000;
const bus = (detail: object): string => JSON.stringify({ version: '0', detail });

const kinds: readonly (readonly [what: string, body: string, pid: string])[] = [
  ['a tick', inboxBody({ tutti: 'tick', pid: PID, run: 'r1', tickAt: 1 }), PID],
  [
    'a start by a client',
    inboxBody({ tutti: 'start', startid: 's', tenant: 'default', process: 'trip', id: 'a', data: {}, time: '', by: '' }),
    PID,
  ],
  ['the act of an operator', inboxBody(operation('cancel', PID)), PID],
  ['an answer', bus({ commandid: COMMAND }), PID],
  ['a signal by id', bus({ processid: PID }), PID],
  ['an event that only the definitions place', bus({ data: { id: 'a' } }), ''],
  ['an answer to nothing', bus({ commandid: 'nonsense' }), ''],
  ['no JSON', '{"detail":', ''],
];

/** Drains a dead letter; returns what is sent to the inbox for it. */
const drained = async (rig: EngineRig, body: string) => {
  const sent: { readonly body: string; readonly delaySeconds?: number }[] = [];
  const message = { messageId: 'm9', receiptHandle: 'm9.1', sentAt: 5, receiveCount: 1, body };
  expect(await rig.drains([message], sent)).toEqual({ acknowledge: ['m9.1'], giveBack: [] });
  return { delaySeconds: undefined, ...sent[0], body: sent[0]?.body ?? '' };
};

/** It is a dead letter for a day, and then comes to the inbox to be parked. */
const drainedForADay = async (rig: EngineRig, body: string): Promise<void> => {
  const first = await drained(rig, body);
  rig.clock.advance(DRAINED_MS_MAX);
  await rig.sender.send('inbox', [{ body: (await drained(rig, first.body)).body }]);
};

describe('a dead letter', () => {
  test.each(kinds)('%s is sent back for a day, with delays that grow to 15 minutes', async (_what, body) => {
    const rig = new EngineRig([tripOf(async () => undefined)], services);
    const began = rig.clock.now();
    const delays: number[] = [];
    for (let dead = body; rig.clock.now() - began < DRAINED_MS_MAX; rig.clock.advance(1_000)) {
      const sent = await drained(rig, dead);
      expect(JSON.parse(sent.body)).toEqual({ tutti: 'forced', body, sentat: 5, since: began });
      delays.push(sent.delaySeconds ?? 0);
      rig.clock.advance((sent.delaySeconds ?? 0) * 1_000);
      dead = sent.body;
    }
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect([delays[0], delays.at(-1)]).toEqual([23, 675]);
    // 20 receives of each: some 150 an hour at first, 90 an hour at the end.
    expect(delays.length).toBeLessThan(160);
    expect(await rig.parking.parked('')).toEqual([]);
  });

  test.each(kinds)('%s is parked after a day where a person finds it', async (_what, body, pid) => {
    const rig = new EngineRig([tripOf(async () => undefined)], services);
    await drainedForADay(rig, body);
    await rig.advance();
    expect(await rig.parking.parked(pid)).toMatchObject([{ pid, reason: 'DEAD_LETTER', body }]);
  });

  test('an event that was parked long ago and is sent again has a day of its own', async () => {
    const rig = new EngineRig([tripOf(async () => undefined)], services);
    const body = inboxBody({ tutti: 'forced', body: bus({ processid: PID }), sentat: rig.clock.now() - 30 * DAY_MS });
    expect(JSON.parse((await drained(rig, body)).body)).not.toHaveProperty('park');
  });

  test('a dead letter that could not be parked is sent again to be parked', async () => {
    const rig = new EngineRig([tripOf(async () => undefined)], services);
    const first = await drained(rig, '{}');
    rig.clock.advance(DRAINED_MS_MAX);
    const toPark = await drained(rig, first.body);
    rig.clock.advance(DAY_MS);
    expect(await drained(rig, toPark.body)).toMatchObject({ body: toPark.body, delaySeconds: 675 });
  });
});

test('a message that is parked beside an instance that is not stuck is redriven by a resume', async () => {
  const rig = new EngineRig([tripOf(async (ctx) => ctx.sleep('1 minute'))], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const { run } = (await rig.head(PID))!;
  rig.clock.advance(60_000);
  expect(await rig.purges()).toBe(1);
  await drainedForADay(rig, inboxBody({ tutti: 'tick', pid: PID, run, tickAt: rig.clock.now() }));
  await rig.advance();
  expect(await rig.parking.parked(PID)).toHaveLength(1);
  rig.operates(operation('resume', PID));
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'completed' });
  expect(await rig.parking.parked(PID)).toEqual([]);
});
