import { expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { Checkout, flights, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

const PID = 'default#trip#a';
const LAST_ERROR = { type: 'Error', message: 'ECONNREFUSED', data: null };

test.each(['unknown', 'failed'] as const)('the runs and the last error of an answer that is %s are journaled', async (outcome) => {
  const rig = new EngineRig([tripOf(async (ctx) => void (await ctx.call(flights.book, { to: 'LIS' })))], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const [flight] = await rig.commands('flights');
  await rig.answers(flight!, outcome, LAST_ERROR, { attempts: 3, ...(outcome === 'failed' && { retryable: true }) });
  await rig.advance();
  const entries = (await rig.head(PID))?.tail.map((text) => JSON.parse(text) as JournalEntry);
  expect(entries?.find(({ type }) => type === 'CommandAnswered')).toMatchObject({ outcome, attempts: 3, data: LAST_ERROR });
});

test('an instance that goes on without an outcome is noticed once, and its head says so', async () => {
  const racing = tripOf(
    async (ctx) => void (await ctx.race({ flight: ctx.call(flights.book, { to: 'LIS' }), late: ctx.sleep('1 minute') })),
  );
  const rig = new EngineRig([racing], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const [flight] = await rig.commands('flights');
  await rig.pass(61_000);
  await rig.answers(flight!, 'unknown', LAST_ERROR, { attempts: 3 });
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'completed', unresolved: 1 });
  expect(rig.notices).toEqual([{ kind: 'unresolved', reason: 'UNKNOWN_OUTCOME', pid: PID }]);
});
