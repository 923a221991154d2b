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
