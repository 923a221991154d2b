import { expect, test } from 'vitest';
import { stepName } from '../../lib/client/operations/pending-steps.ts';
import { explain } from '../../lib/client/operations/why.ts';
import { newImage, type Image, type OpenCommand, type ArmedTimer } from '../../lib/core/image.ts';
import { NOW } from './ports.ts';

const AT = '2026-11-21T10:00:00.000Z';

function command(over: Partial<OpenCommand> = {}): OpenCommand {
  return {
    n: 1,
    path: 'hotels.book:1',
    command: 'hotels.book',
    input: null,
    hash: '',
    mode: 'call',
    attempt: 1,
    retries: 0,
    since: NOW,
    due: NOW + 900_000,
    deadline: NOW + 3 * 86_400_000,
    timeoutMs: 900_000,
    cause: '',
    messageId: '',
    hops: 0,
    ...over,
  };
}

function image(commands: readonly OpenCommand[] = [], timers: readonly ArmedTimer[] = [], over: Partial<Image> = {}): Image {
  return {
    ...newImage('default#trip#t-1', 'r1', 'trip@1', NOW),
    commands: new Map(commands.map((each) => [each.n, each])),
    timers: new Map(timers.map((each) => [each.n, each])),
    ...over,
  };
}

const line = (of: Image): string => explain(of, NOW + 12_000).line;

test.each<[string, OpenCommand, string]>([
  [
    'with its service',
    command(),
    `waits for hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or running, sent again at 2026-11-21T10:15:00.000Z unless it replies`,
  ],
  [
    'tried before',
    command({ attempt: 2, retries: 3 }),
    `waits for hotels.book since ${AT} (12s): attempt 5 is in the queue of hotels or running, sent again at 2026-11-21T10:15:00.000Z unless it replies`,
  ],
  [
    'near its end',
    command({ due: NOW + 20_000, deadline: NOW + 20_000 }),
    `waits for hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or running, given up at 2026-11-21T10:00:20.000Z`,
  ],
  [
    'deferred',
    command({ deferred: true }),
    `waits for a reply to hotels.book by its token since ${AT} (12s), given up at 2026-11-24T10:00:00.000Z`,
  ],
  [
    'settled',
    command({ deferred: true, settling: 'cancelled' }),
    `waits for the final outcome of hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or running, sent again at 2026-11-21T10:15:00.000Z unless it replies`,
  ],
  [
    'that undoes',
    command({ mode: 'undo', due: Infinity }),
    `waits for the undo hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or running`,
  ],
])('why describes a command %s', (_, open, expected) => {
  expect(line(image([open]))).toBe(expected);
});

test.each<[ArmedTimer['purpose'], string, string]>([
  ['sleep', 'sleep:1', 'sleeps, wakes at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['wait', 'pay/shop.paid:1/timeout', 'waits for the event shop.paid, gives up at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['retry', 'hotels.book:2/retry', 'pauses after a technical failure, retries hotels.book at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['named', 'remind', 'waits for events; its timer remind fires at 2026-11-21T10:01:00.000Z (in 48s)'],
])('why describes a timer for %s', (purpose, path, expected) => {
  expect(line(image([], [{ n: 2, path, due: NOW + 60_000, purpose }]))).toBe(expected);
});

const failedOnce = [
  { type: 'CommandIssued', n: 1, path: 'pay:1', command: 'steps.run', hash: '' },
  { type: 'CommandAnswered', at: NOW, n: 7, outcome: 'failed', retryable: true, data: { type: 'OTHER', message: 'another', data: null } },
  {
    type: 'CommandAnswered',
    at: NOW,
    n: 1,
    outcome: 'failed',
    retryable: true,
    data: { type: 'UNREADABLE', message: 'The step pay belongs to job@2, which this build does not list.', data: null },
  },
].map((entry) => JSON.stringify(entry));
const FAILURE = '; the last run failed with UNREADABLE: The step pay belongs to job@2, which this build does not list';

test('why says with what the last run of a command failed while it pauses, and while it runs again', () => {
  const pausing = image([], [{ n: 2, path: 'pay:1/retry', due: NOW + 60_000, purpose: 'retry' }], { tail: failedOnce });
  expect(line(pausing)).toBe(`pauses after a technical failure, retries pay at 2026-11-21T10:01:00.000Z (in 48s)${FAILURE}`);
  const again = command({ n: 3, path: 'pay:1', command: 'steps.run', input: { step: 'pay:1' }, retries: 1 });
  expect(line(image([again], [], { tail: failedOnce }))).toContain(FAILURE);
  expect(line(image([{ ...again, retries: 0 }], [], { tail: failedOnce }))).not.toContain('failed with');
  const other = image([], [{ n: 2, path: 'book:1/retry', due: NOW + 60_000, purpose: 'retry' }], { tail: failedOnce });
  expect(line(other)).not.toContain('failed with');
});

test.each<[string, OpenCommand | ArmedTimer, string]>([
  ['a sleep', { n: 2, path: 'sleep:1', due: NOW + 9_000, purpose: 'sleep' }, 'sleeps, wakes at 2026-11-21T10:00:09.000Z (overdue by 3s)'],
  [
    'a sleep that is due now',
    { n: 2, path: 'sleep:1', due: NOW + 12_000, purpose: 'sleep' },
    'sleeps, wakes at 2026-11-21T10:00:12.000Z (now)',
  ],
  ['a command', command({ due: NOW + 2_000 }), 'sent again at 2026-11-21T10:00:02.000Z (overdue by 10s) unless it replies'],
  ['a limit', command({ due: NOW + 2_000, deadline: NOW + 2_000 }), 'given up at 2026-11-21T10:00:02.000Z (overdue by 10s)'],
])('why says by how much %s is overdue', (_what, open, expected) => {
  expect(line('command' in open ? image([open]) : image([], [open]))).toContain(expected);
});

test('why lists calls, timers and waits first, then settling and undo commands, and sent commands only without any other', () => {
  const sent = command({ n: 1, mode: 'send', command: 'mail.send' });
  expect(line(image([sent]))).toMatch(/^waits for mail\.send/);
  const loser = command({ n: 2, command: 'flights.book', settling: 'cancelled' });
  const undo = command({ n: 3, command: 'payments.refund', mode: 'undo' });
  const sleep: ArmedTimer = { n: 4, path: 'sleep:1', due: NOW + 60_000, purpose: 'sleep' };
  const all = image([loser, sent, undo, command({ n: 5 })], [sleep], { waits: ['trips.cancelled:1'] });
  const { line: short, lines, pending } = explain(all, NOW + 12_000);
  expect(short).toMatch(
    /^waits for hotels\.book .*; and a sleep until 2026-11-21T10:01:00\.000Z; and the event trips\.cancelled; and flights\.book; and 1 more$/,
  );
  expect(lines.map((each) => each.slice(0, 35))).toEqual([
    'waits for hotels.book since 2026-11',
    'sleeps, wakes at 2026-11-21T10:01:0',
    'waits for the event trips.cancelled',
    'waits for the final outcome of flig',
    'waits for the undo payments.refund ',
  ]);
  expect(pending.at(-1)).toEqual({ kind: 'event', path: 'trips.cancelled:1', event: 'trips.cancelled' });
});

test('why adds the last error of a handler to its command', () => {
  const faultOf = (id: string): string | undefined =>
    id === 'default#trip#t-1/r1/1' ? 'its last run threw Error: ECONNREFUSED at hotels.ts:7' : undefined;
  expect(explain(image([command()]), NOW, { faultOf }).line).toMatch(
    /^waits for hotels\.book .*; its last run threw Error: ECONNREFUSED at hotels\.ts:7$/,
  );
});

test('why of a command with an unknown outcome counts its runs and gives the last error', () => {
  const unknown = { since: NOW, attempts: 3, lastError: { code: 'TypeError', message: 'no route.' } };
  expect(line(image([command({ unknown })]))).toBe(
    `the outcome of hotels.book is unknown since ${AT}: 3 runs ended without a reply, the last failed with TypeError: no route; the id of the command is default#trip#t-1/r1/1`,
  );
  expect(line(image([command({ unknown: { since: NOW, attempts: 1 } })]))).toMatch(/: 1 run ended without a reply; the id of /);
});

test('why warns about a run whose version the system does not list', () => {
  expect(explain(image([command()]), NOW, { definition: 'unlisted' }).line).toMatch(
    /^runs on version 1, which the system does not list: its next event makes it stuck \(UNKNOWN_VERSION\) unless version 1 of trip is listed again; waits for hotels\.book/,
  );
});

test('why of a run that is being cancelled gives the operator and the reason before its undos', () => {
  const tail = [JSON.stringify({ type: 'CancelRequested', at: NOW, id: 'a', by: 'ada', reason: 'fraud.' })];
  expect(line(image([command({ mode: 'undo', command: 'payments.refund' })], [], { tail }))).toMatch(
    /^being cancelled by ada: fraud; waits for the undo payments\.refund/,
  );
});

test('why of an instance without pending steps says that it waits for an event, and omits the process timeout', () => {
  expect(line(image([], [{ n: 1, path: 'timeout', due: NOW + 1, purpose: 'process' }]))).toBe('waits for an event');
});

test('why of a retry counts the attempts of its command', () => {
  const timer: ArmedTimer = { n: 2, path: 'hotels.book:1/undo/retry', due: NOW + 60_000, purpose: 'undo-retry' };
  const waiting = image([], [timer], { resends: new Map([[2, command({ command: 'hotels.cancel', retries: 1 })]]) });
  expect(line(waiting)).toBe(
    'pauses after a technical failure, retries hotels.cancel for the 2nd time at 2026-11-21T10:01:00.000Z (in 48s)',
  );
  expect(explain(waiting, NOW).pending).toEqual([
    { kind: 'timer', path: timer.path, purpose: 'undo-retry', due: '2026-11-21T10:01:00.000Z', command: 'hotels.cancel', tries: 1 },
  ]);
});

test('why of a stuck instance gives its code, its reason and the remedy', () => {
  const stuck = image([], [], { status: 'stuck', stuck: { code: 'COMPENSATION', message: 'flights.cancel ended failed.' } });
  expect(explain(stuck, NOW).stuck).toMatchObject({ code: 'COMPENSATION', remedy: expect.stringContaining('--skip') });
  expect(line(stuck)).toMatch(/^stuck \(COMPENSATION\): flights\.cancel ended failed\. Fix /);
  const differs = image([], [], { status: 'stuck', stuck: { code: 'NONDETERMINISM', message: 'It differs:\n  journal a\n  code b' } });
  expect(line(differs)).toMatch(/^stuck \(NONDETERMINISM\): It differs:; journal a; code b\. Restore /);
});

test('why of an unknown outcome gives its step, and the id that the called system has as the idempotency key', () => {
  const unknown = { status: 'stuck' as const, stuck: { code: 'UNKNOWN_OUTCOME', n: 7, message: 'It may.' } };
  expect(line(image([], [], unknown))).toMatch(/: It may\. The id of the command is default#trip#t-1\/r1\/7\. Find /);
  expect(line(image([command({ n: 7 })], [], unknown))).toMatch(
    /: It may\. The step is hotels\.book:1, the id of the command default#trip#t-1\/r1\/7\. Find /,
  );
});

test('why of an ended instance gives the time and the reason', () => {
  const ended = (status: Image['status'], entry: object): string =>
    line(image([], [], { status, closedAt: NOW, tail: [JSON.stringify(entry)] }));
  expect(ended('completed', { type: 'ProcessCompleted', path: '' })).toBe(`completed at ${AT}`);
  expect(ended('cancelled', { type: 'ProcessCancelled', path: '', reason: 'timeout' })).toBe(`cancelled at ${AT}: timeout`);
  expect(ended('cancelled', { type: 'ProcessCancelled', path: '', reason: 'requested', message: 'Cancelled by ada: fraud' })).toBe(
    `cancelled at ${AT}: cancelled by ada: fraud`,
  );
  const older = ['CancelRequested', 'ProcessCancelled'].map((type) =>
    JSON.stringify({ type, by: 'ada', reason: type === 'CancelRequested' ? 'fraud' : 'requested' }),
  );
  expect(line(image([], [], { status: 'cancelled', closedAt: NOW, tail: older }))).toBe(`cancelled at ${AT}: cancelled by ada: fraud`);
  expect(ended('terminated', { type: 'ProcessTerminated', path: '', reason: 'enough.' })).toBe(`terminated at ${AT}: enough`);
  expect(ended('failed', { type: 'ProcessFailed', path: '', dataref: 'x' })).toBe(`failed at ${AT}`);
  const cause = { code: 'COMMAND_FAILED', command: 'ledger.book', type: 'PeriodClosed', message: 'closed until May', data: {} };
  expect(
    ended('failed', {
      type: 'ProcessFailed',
      path: '',
      data: { code: 'PROCESS_FAILED', type: 'Other', message: 'm', data: { reason: 'r' }, details: { cause } },
    }),
  ).toBe(`failed at ${AT}: ledger.book failed with PeriodClosed: closed until May`);
  expect(ended('failed', { type: 'ProcessFailed', path: '', data: { type: 'Other', message: 'm', data: { reason: 'no room.' } } })).toBe(
    `failed at ${AT}: no room`,
  );
});

test('stepName removes the scopes, the ordinal and the suffix of a path', () => {
  expect(['hotel/hotels.book:12/undo/retry', 'tell them:1/run:1', 'payments.charge:1'].map(stepName)).toEqual([
    'hotels.book',
    'tell them',
    'payments.charge',
  ]);
});
