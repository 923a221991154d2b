import { expect, test } from 'vitest';
import { Narrator } from '../../bin/narrator.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';

const told = (...entries: readonly JournalEntry[]): (string | undefined)[] => {
  const narrator = new Narrator();
  return entries.map((entry) => narrator.tell(entry)?.text);
};

const issued = (n: number, command: string, more: object = {}): JournalEntry => ({
  type: 'CommandIssued',
  n,
  path: `${command}:1`,
  command,
  hash: '',
  ...more,
});

test('a failed trip reads as what happened to it', () => {
  expect(
    told(
      { type: 'ProcessStarted', at: 0, definition: 'trip@1', event: 'trips.checkout', id: 'e', source: 'trips', time: '' },
      issued(1, 'payments.charge'),
      { type: 'CommandAnswered', at: 1, n: 1, outcome: 'completed', data: {} },
      issued(2, 'hotels.book'),
      { type: 'CommandAnswered', at: 2, n: 2, outcome: 'failed', data: { type: 'SoldOut', message: '', data: { freeFrom: 'May' } } },
      issued(3, 'payments.refund', { path: 'payments.charge:1/undo', undoes: 'default#trip#t-1/r1/1' }),
      { type: 'CommandAnswered', at: 3, n: 3, outcome: 'completed' },
      {
        type: 'ProcessFailed',
        path: '',
        data: { type: 'Other', message: 'The process trip failed with Other.', data: { reason: 'hotels.book failed with SoldOut.' } },
      },
    ),
  ).toEqual([
    'started by trips.checkout',
    'payments.charge sent',
    'payments.charge answered',
    'hotels.book sent',
    'hotels.book: SoldOut {"freeFrom":"May"}',
    'payments.refund sent to undo payments.charge',
    'payments.charge undone',
    'failed: hotels.book failed with SoldOut.',
  ]);
});

test('a service that is down is waited for, attempt by attempt', () => {
  expect(
    told(
      issued(1, 'payments.charge'),
      { type: 'AttemptTimedOut', at: 1, n: 1 },
      { type: 'AttemptTimedOut', at: 2, n: 1 },
      { type: 'CommandAnswered', at: 3, n: 1, outcome: 'failed', retryable: true, data: { type: '', message: 'no network', data: null } },
      { type: 'TimerSet', n: 2, path: 'payments.charge:1/retry', due: 4 },
      { type: 'TimerFired', at: 4, n: 2 },
      issued(3, 'payments.charge'),
    ),
  ).toEqual([
    'payments.charge sent',
    'waits for payments: payments.charge, attempt 2',
    'waits for payments: payments.charge, attempt 3',
    'payments.charge could not be done: no network',
    'payments.charge is tried again at 1970-01-01T00:00:00.004Z',
    undefined,
    'payments.charge sent, try 2',
  ]);
});

test('waits, sleeps, people and what only the engine cares about', () => {
  expect(
    told(
      { type: 'TimerSet', n: 1, path: 'remind/sleep:2', due: 0 },
      { type: 'TimerFired', at: 0, n: 1 },
      { type: 'TimerSet', n: 2, path: 'shop.paid:1/timeout', due: 0 },
      { type: 'TimerFired', at: 0, n: 2 },
      { type: 'TimerSet', n: 3, path: 'recompute', due: 0 },
      { type: 'TimerFired', at: 0, n: 3 },
      issued(4, 'warehouse.pack'),
      { type: 'CommandAnswered', at: 0, n: 4, outcome: 'deferred' },
      { type: 'CancelRequested', at: 0, id: 'o', reason: 'changed plans', by: 'ada' },
      { type: 'ScopeOpened', path: 'reserve:1' },
      { type: 'ScopeClosed', path: 'reserve:1', status: 'cancelled' },
      { type: 'ProcessCancelled', path: '', reason: 'requested' },
    ),
  ).toEqual([
    'sleeps until 1970-01-01T00:00:00.000Z',
    'wakes up',
    'waits for shop.paid until 1970-01-01T00:00:00.000Z',
    'no shop.paid came in time',
    undefined,
    'timer recompute fired',
    'warehouse.pack sent',
    'warehouse.pack waits for somebody to answer it',
    'ada asked to cancel it: changed plans',
    undefined,
    '"reserve" cancelled',
    'cancelled: requested',
  ]);
});
