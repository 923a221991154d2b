import { expect, test } from 'vitest';
import { failureText } from '../../lib/client/operations/failure-text.ts';
import { Narrator, offsetText } from '../../lib/client/operations/narrator.ts';
import { quietText } from '../../bin/quiet-entry.ts';
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

test('the narrator names the event of a subscription to a key, and not the instance of the key', () => {
  expect(
    told(
      issued(1, 'tutti.subscribe', { path: 'drive:1/drivers.driver-moved:2/subscribe', mode: 'send', owner: 'default#tutti--key#AAAA' }),
      { type: 'CommandAnswered', at: 1, n: 1, outcome: 'completed' },
    ),
  ).toEqual(['subscribes to drivers.driver-moved', 'the subscription to drivers.driver-moved completed']);
});

test('the narrator describes the commands, the undos and the failure of a failed trip', () => {
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
    'payments.charge completed',
    'hotels.book sent',
    'hotels.book failed with SoldOut {"freeFrom":"May"}',
    'payments.refund sent to undo payments.charge',
    'payments.charge undone',
    'failed: hotels.book failed with SoldOut.',
  ]);
});

test('a refused value of ctx.dispatch is described by its reason', () => {
  const message = 'refund was called with cents: Invalid input: expected number, received string.';
  expect(told({ type: 'DispatchRefused', path: 'desk.dispatch:1', refused: 'invalid', message })).toEqual([`refused: ${message}`]);
});

test('an operator request names its principal and the sender stamped by the queue', () => {
  const act = { at: 1, id: 'op-1', by: 'arn:aws:sts::1:assumed-role/desk/alice' } as const;
  expect(
    told(
      { type: 'CancelRequested', ...act, reason: 'sold', sender: 'AROAEXAMPLE:bob' },
      { type: 'TerminateRequested', ...act, by: 'alice', reason: 'sold' },
    ),
  ).toEqual([
    'cancel requested by arn:aws:sts::1:assumed-role/desk/alice (sent by AROAEXAMPLE:bob): sold',
    'terminate requested by alice: sold',
  ]);
});

test('the narrator numbers the attempts at a service that is down', () => {
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
    'payments.charge got no reply in time, sent again (attempt 2)',
    'payments.charge got no reply in time, sent again (attempt 3)',
    'payments.charge failed and is retried: no network',
    'payments.charge is tried again at 1970-01-01T00:00:00.004Z',
    undefined,
    'payments.charge sent, try 2',
  ]);
});

test('the narrator describes waits, sleeps and operator requests, and omits entries that matter only to the engine', () => {
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
    'warehouse.pack waits for a reply by its token',
    'cancel requested by ada: changed plans',
    undefined,
    '"reserve" cancelled',
    'cancelled: requested',
  ]);
});

test('a failure names its command and its error, then its message, then its data', () => {
  const cause = {
    code: 'COMMAND_FAILED',
    message: 'closed until May',
    command: 'ledger.book',
    type: 'PeriodClosed',
    data: { until: 'May' },
  };
  const other = (details?: typeof cause): Parameters<typeof failureText>[0] => ({
    type: 'Other',
    message: 'The process lend failed with Other.',
    data: { reason: 'closed until May' },
    ...(details === undefined ? {} : { details: { cause: details } }),
  });
  expect([
    failureText(cause),
    failureText(other(cause)),
    failureText(other()),
    failureText({ type: 'TooRisky', message: 'The process lend failed with TooRisky.', data: { score: 100 } }),
    failureText({ type: 'Rejected', message: 'approvals.ask failed with Rejected.', data: {} }, 'approvals.ask'),
    failureText({ type: '', message: 'no network', data: null }, 'ledger.book'),
    failureText({ code: 'COMMAND_EXHAUSTED', message: 'credit.check was failed after 3 attempts.', command: 'credit.check' }),
    failureText(undefined),
  ]).toEqual([
    'ledger.book failed with PeriodClosed: closed until May {"until":"May"}',
    'ledger.book failed with PeriodClosed: closed until May {"until":"May"}',
    'closed until May',
    'TooRisky {"score":100}',
    'approvals.ask failed with Rejected',
    'ledger.book failed: no network',
    'credit.check was failed after 3 attempts.',
    'no reason was given',
  ]);
});

test('show describes the entries that the timeline omits, with their tags and winners', () => {
  const entries: readonly JournalEntry[] = [
    { type: 'Tagged', path: 'tag:1', tags: { region: 'eu', kind: 'loan' } },
    { type: 'ViewChanged', path: 'view:1', hash: '' },
    { type: 'BranchWon', path: 'race:1', winner: 'cancelled' },
    { type: 'EventTaken', path: 'bank.loan-withdrawn:1', id: 'e' },
    { type: 'ScopeOpened', path: 'reserve:1' },
    { type: 'ScopeClosed', path: 'reserve:1', status: 'fulfilled' },
    { type: 'TimerSet', n: 1, path: 'recompute', due: 0 },
    { type: 'TimerCleared', n: 1, path: 'shop.paid:1/timeout' },
    { type: 'TimerCleared', n: 1, path: 'sleep:1' },
    { type: 'TimerCleared', n: 1, path: 'recompute' },
    { type: 'TimerFired', at: 0, n: 1 },
    { type: 'CompensationRegistered', path: 'call the guest:1' },
    { type: 'Pivoted', path: 'pivot:1' },
    { type: 'StepDetached', path: 'remind/sleep:2' },
    { type: 'EventsUnread', path: '', ids: ['a', 'b'] },
    { type: 'SomethingNewer', path: 'hotels.book:1' } as unknown as JournalEntry,
  ];
  expect(entries.map(quietText)).toEqual([
    'tagged region=eu kind=loan',
    'its view changed',
    '"cancelled" won the race',
    'reads bank.loan-withdrawn',
    '"reserve" begins',
    '"reserve" ends',
    'timer recompute is set to 1970-01-01T00:00:00.000Z',
    'the timeout of shop.paid is cleared',
    'the sleep is cleared',
    'timer recompute is cleared',
    'the pause is over',
    '"call the guest" is registered as a compensation',
    'point of no return: earlier steps are no longer undone',
    'sleep is no longer waited for',
    '2 events were left unread',
    'something newer: hotels.book',
  ]);
});

test('an offset has a unit that fits its size, from milliseconds to days', () => {
  expect([0, 1_234, 59_999, 60_000, 89_950, 3_599_999, 7_380_000, 86_400_000, 273_600_000].map(offsetText)).toEqual([
    '+0.000s',
    '+1.234s',
    '+59.999s',
    '+1m00.0s',
    '+1m29.9s',
    '+59m59.9s',
    '+2h03m',
    '+1d00h',
    '+3d04h',
  ]);
});

test('a resume is described with its version, its skip and its reason', () => {
  const resumed = { type: 'Resumed', at: 0, id: 'o1', by: 'ann', code: 'POISON' } as const;
  expect(
    told(
      { ...resumed, reason: 'resumed' },
      { ...resumed, skip: 'desk.file:1', reason: 'filed by hand', definition: 'permit@2' },
      { type: 'Resumed', at: 0, id: 'o1', by: 'ann', code: 'PAUSED' },
    ),
  ).toEqual(['resumed by ann', 'resumed by ann on permit@2, skipping desk.file:1: filed by hand', 'resumed by ann']);
});
