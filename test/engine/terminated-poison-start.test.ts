import { expect, test } from 'vitest';
import { event, process } from 'tutti';
import { z } from 'zod';
import { identityOf } from '../../lib/core/identity.ts';
import { inboxBody, sha256 } from '../../lib/format/inbox-message.ts';
import { decodeHead } from '../../lib/format/head-codec.ts';
import { EngineRig } from './engine-rig.ts';

const Born = event('lives.born', z.object({ id: z.string() }));
const Word = event('lives.word', z.object({ id: z.string(), text: z.string() }));
const Said = event('trips.said', z.object({ text: z.string() }));
const PID = 'default#life#a';

/** An instance whose code cannot begin before it is fixed, and says one word. */
const rigOf = () => {
  const code = { mended: false };
  const life = process(
    'life',
    { startOn: Born.byId(({ id }) => id), receives: [Word.byId(({ id }) => id)], publishes: [Said], onClosed: 'restart' },
    async (ctx, { id }) => {
      if (!code.mended) throw new Error(`${id} cannot begin`);
      const word = await ctx.waitFor(Word, { timeout: '1 hour' });
      ctx.publish(Said, { text: word?.text ?? 'nothing' });
    },
  );
  const rig = new EngineRig([life], [], { checks: true });
  const operate = async (act: 'terminate' | 'resume', opid: string): Promise<void> => {
    rig.operates({ tutti: 'operate', opid, pid: PID, act, reason: 'test', by: 'test' });
    await rig.advance();
  };
  return { rig, code, operate };
};

const parkedReasons = async (rig: EngineRig): Promise<readonly string[]> =>
  (await rig.parking.parked(PID)).map(({ reason }) => reason).toSorted();

test('a second start that is poison, over one that was terminated before it had begun, begins after a resume', async () => {
  const { rig, code, operate } = rigOf();
  rig.happens(Word, { id: 'a', text: 'early' });
  await rig.advance();
  rig.happens(Born, { id: 'a' }, 'first');
  await rig.advance();
  await operate('terminate', 'end');
  expect(await rig.head(PID)).toMatchObject({ status: 'terminated', run: '' });
  rig.happens(Born, { id: 'a' }, 'second');
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'stuck', run: '' });
  code.mended = true;
  await operate('resume', 'again');
  // The first start comes back too, and its run is over by the time of the second.
  expect(new Set(rig.texts())).toEqual(new Set(['early']));
  expect(await rig.head(PID)).toMatchObject({ status: 'running', run: identityOf(sha256, { pid: PID, event: Born.type, id: 'second' }) });
  expect(await rig.parking.parked(PID)).toEqual([]);
});

test('early events are parked when their instance is terminated before it has begun', async () => {
  const { rig, operate } = rigOf();
  rig.happens(Word, { id: 'a', text: 'one' });
  rig.happens(Word, { id: 'a', text: 'two' });
  await rig.advance();
  rig.happens(Born, { id: 'a' });
  await rig.advance();
  expect(await parkedReasons(rig)).toEqual(['STUCK']);
  await operate('terminate', 'end');
  expect(await parkedReasons(rig)).toEqual(['EARLY_EXPIRED', 'EARLY_EXPIRED', 'STUCK']);
});

test('an early event that is parked by an operation is not taken for a message of the queue of operations', async () => {
  const { rig } = rigOf();
  rig.happens(Word, { id: 'a', text: 'one' });
  rig.happens(Born, { id: 'a' });
  await rig.advance();
  const body = inboxBody({ tutti: 'operate', opid: 'end', pid: PID, act: 'terminate', reason: 'test', by: 'test' });
  const by = { channel: 'operations', senderId: 'AIDAEXAMPLE' } as const;
  await rig.engine.advance([{ messageId: 'act', receiptHandle: 'act', body, sentAt: rig.clock.now(), receiveCount: 1, ...by }]);
  const parked = await rig.parking.parked(PID);
  expect(parked.map(({ reason }) => reason).toSorted()).toEqual(['EARLY_EXPIRED', 'STUCK']);
  for (const event of parked) expect(event).not.toHaveProperty('channel');
});

test('a redelivered terminate of an instance that had not begun does not end the next run', async () => {
  const { rig, code, operate } = rigOf();
  rig.happens(Born, { id: 'a' }, 'first');
  await rig.advance();
  await operate('terminate', 'end');
  rig.happens(Born, { id: 'a' }, 'second');
  await rig.advance();
  code.mended = true;
  await operate('resume', 'again');
  await operate('terminate', 'end');
  expect(await rig.head(PID)).toMatchObject({ status: 'running' });
});

test('process time does not go back where a start that was poison comes after one of a clock that is behind', async () => {
  const { rig, code, operate } = rigOf();
  rig.happens(Born, { id: 'a' });
  await rig.advance();
  const stuck = (await rig.head(PID))!;
  code.mended = true;
  const ahead = { ...stuck, version: stuck.version + 1, clock: stuck.clock + 5_000 };
  await rig.store.commit(ahead, { kind: 'stuck', version: stuck.version });
  await operate('resume', 'again');
  const head = (await rig.head(PID))!;
  expect(head.status).toBe('running');
  expect(decodeHead(head).clock).toBeGreaterThanOrEqual(ahead.clock);
});
