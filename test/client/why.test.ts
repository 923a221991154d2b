import { expect, test } from 'vitest';
import { stepName } from '../../lib/client/step-name.ts';
import { explain } from '../../lib/client/why.ts';
import { newImage, type Image, type OpenCommand, type Timer } from '../../lib/core/image.ts';
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

function image(commands: readonly OpenCommand[] = [], timers: readonly Timer[] = [], over: Partial<Image> = {}): Image {
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
    `waits for hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or being run, sent again at 2026-11-21T10:15:00.000Z without an answer`,
  ],
  [
    'tried before',
    command({ attempt: 2, retries: 3 }),
    `waits for hotels.book since ${AT} (12s): attempt 5 is in the queue of hotels or being run, sent again at 2026-11-21T10:15:00.000Z without an answer`,
  ],
  [
    'near its end',
    command({ due: NOW + 20_000, deadline: NOW + 20_000 }),
    `waits for hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or being run, given up at 2026-11-21T10:00:20.000Z`,
  ],
  [
    'deferred',
    command({ deferred: true }),
    `waits for somebody to answer hotels.book since ${AT} (12s): its token is with whoever was asked, given up at 2026-11-24T10:00:00.000Z`,
  ],
  [
    'settled',
    command({ deferred: true, settling: 'cancelled' }),
    `makes sure of the outcome of hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or being run, sent again at 2026-11-21T10:15:00.000Z without an answer`,
  ],
  [
    'that undoes',
    command({ mode: 'undo', due: Infinity }),
    `undoes with hotels.book since ${AT} (12s): attempt 1 is in the queue of hotels or being run`,
  ],
])('a command %s', (_, open, expected) => {
  expect(line(image([open]))).toBe(expected);
});

test.each<[Timer['purpose'], string, string]>([
  ['sleep', 'sleep:1', 'sleeps, wakes at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['wait', 'pay/shop.paid:1/timeout', 'waits for the event shop.paid, gives up at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['retry', 'hotels.book:2/retry', 'pauses after a technical failure, tries hotels.book again at 2026-11-21T10:01:00.000Z (in 48s)'],
  ['named', 'remind', 'waits for events; its timer remind fires at 2026-11-21T10:01:00.000Z (in 48s)'],
])('a timer for %s', (purpose, path, expected) => {
  expect(line(image([], [{ n: 2, path, due: NOW + 60_000, purpose }]))).toBe(expected);
});

test('what is awaited is told before what is only sent, and the rest is counted', () => {
  const sent = command({ n: 1, mode: 'send', command: 'mail.send' });
  expect(line(image([sent]))).toMatch(/^waits for mail\.send/);
  expect(line(image([sent, command({ n: 2 })], [{ n: 3, path: 'sleep:1', due: NOW, purpose: 'sleep' }]))).toMatch(
    /^waits for hotels\.book .*; and 1 more$/,
  );
});

test('where nothing is pending it waits for an event; the deadline of the whole is not what it waits for', () => {
  expect(line(image([], [{ n: 1, path: 'timeout', due: NOW + 1, purpose: 'process' }]))).toBe('waits for an event');
});

test('a retry that is known by its command says how often it was tried', () => {
  const timer: Timer = { n: 2, path: 'hotels.book:1/undo/retry', due: NOW + 60_000, purpose: 'undo-retry' };
  const waiting = image([], [timer], { resends: new Map([[2, command({ command: 'hotels.cancel', retries: 1 })]]) });
  expect(line(waiting)).toBe(
    'pauses after a technical failure, tries hotels.cancel again for the 2nd time at 2026-11-21T10:01:00.000Z (in 48s)',
  );
  expect(explain(waiting, NOW).pending).toEqual([
    { kind: 'timer', path: timer.path, purpose: 'undo-retry', due: '2026-11-21T10:01:00.000Z', command: 'hotels.cancel', tries: 1 },
  ]);
});

test('a stuck instance says its code, its reason and the remedy', () => {
  const stuck = image([], [], { status: 'stuck', stuck: { code: 'COMPENSATION', message: 'flights.cancel ended failed.' } });
  expect(explain(stuck, NOW).stuck).toMatchObject({ code: 'COMPENSATION', remedy: expect.stringContaining('--skip') });
  expect(line(stuck)).toMatch(/^stuck \(COMPENSATION\): flights\.cancel ended failed\. Correct /);
  const differs = image([], [], { status: 'stuck', stuck: { code: 'NONDETERMINISM', message: 'It differs:\n  journal a\n  code b' } });
  expect(line(differs)).toMatch(/^stuck \(NONDETERMINISM\): It differs:; journal a; code b\. Bring /);
});

test('an end says when and why', () => {
  const ended = (status: Image['status'], entry: object): string =>
    line(image([], [], { status, closedAt: NOW, tail: [JSON.stringify(entry)] }));
  expect(ended('completed', { type: 'ProcessCompleted', path: '' })).toBe(`completed at ${AT}`);
  expect(ended('cancelled', { type: 'ProcessCancelled', path: '', reason: 'requested' })).toBe(`cancelled at ${AT}: requested`);
  expect(ended('failed', { type: 'ProcessFailed', path: '', data: { type: 'Other', message: 'm', data: { reason: 'no room.' } } })).toBe(
    `failed at ${AT}: no room`,
  );
});

test('a step is named without its scopes, its ordinal and what is done with it', () => {
  expect(['hotel/hotels.book:12/undo/retry', 'tell them:1/run:1', 'payments.charge:1'].map(stepName)).toEqual([
    'hotels.book',
    'tell them',
    'payments.charge',
  ]);
});
