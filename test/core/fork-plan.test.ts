import { describe, expect, test } from 'vitest';
import { planFork, prefixOf, type Original } from '../../lib/core/fork-plan.ts';
import type { ForkRequest } from '../../lib/core/inbound.ts';
import type { OpenCommand } from '../../lib/core/image.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';

const PID = 'default#trip#x';
const of = (entries: readonly object[], more: Partial<Original> = {}): Original => ({
  pid: PID,
  run: 'R',
  entries: entries as readonly JournalEntry[],
  open: undefined,
  prefix: 0,
  hasUndo: (command) => command.startsWith('undoable'),
  ...more,
});
const asked = (request: Partial<ForkRequest>): ForkRequest => ({ to: 'x~f1', at: 'start', events: 'none', ...request });
const started = { type: 'ProcessStarted', at: 1 };
const issued = (n: number, path: string, more: object = {}): object => ({
  type: 'CommandIssued',
  n,
  path: `${path}:1`,
  command: path,
  hash: '',
  ...more,
});
const answered = (n: number, more: object = {}): object => ({ type: 'CommandAnswered', at: 2, n, outcome: 'completed', ...more });
const received = (id: string): object => ({ type: 'EventReceived', at: 2, event: 'e', id });

/** A journal with an undoable step, a step without an undo, and two events. */
const TRIP = [
  started, // 0
  issued(1, 'undoable'), // 1
  answered(1), // 2
  issued(2, 'plain'), // 3
  issued(3, 'undoable-too'), // 4
  received('a'), // 5
  answered(2), // 6
  answered(3), // 7
  issued(4, 'undoable-last'), // 8
  received('b'), // 9
  { type: 'EventTaken', path: 'e:1', id: 'b' }, // 10
  answered(4), // 11
  { type: 'ProcessCompleted', path: '' }, // 12
];

describe('the cut of a fork', () => {
  test.each([
    ['start', 0],
    [1, 2],
    [12, 13],
    ['plain:1', 5],
    ['e:1', 9],
    ['undoable-last:1', 9],
  ] as const)('at %s adopts whole activations', (at, entries) => {
    expect(planFork(of(TRIP), asked({ at, completed: 'leave' })).entries).toBe(entries);
  });

  test.each([
    [99, 'its journal has no entry 99'],
    ['none:1', 'its journal has no step none:1'],
  ] as const)('at %s, which the journal does not have, is refused', (at, refusal) => {
    expect(planFork(of(TRIP), asked({ at })).refusals).toEqual([refusal]);
  });

  test('in the prefix of a fork is refused, and at its end lies after the fork has begun', () => {
    const forked = { type: 'Forked', at: 5, id: 'c' };
    const entries = [...TRIP.slice(0, 5), forked, answered(2), answered(3)];
    expect(planFork(of(entries, { prefix: 5 }), asked({ at: 1, completed: 'leave' })).refusals).toEqual([
      'the cut lies in the 5 entries that it has from its own original: fork that one, or cut later',
    ]);
    expect(planFork(of(entries, { prefix: 5 }), asked({ at: 'plain:1' }))).toMatchObject({ entries: 6, refusals: [] });
  });
});

describe('the steps after the cut', () => {
  test('that were requested before it are adopted, but for the step at the cut', () => {
    const { later, refusals } = planFork(of(TRIP), asked({ at: 'plain:1', completed: { 'undoable-last:1': 'undo' } }));
    expect(later).toMatchObject([
      { path: 'plain:1', state: 'completed', awaited: true, choice: 'leave' },
      { path: 'undoable-too:1', state: 'completed', awaited: true, choice: 'adopt' },
      { path: 'undoable-last:1', state: 'completed', awaited: false, choice: 'undo' },
    ]);
    expect(refusals).toEqual([]);
  });

  test('need a choice if they have an undo', () => {
    const { refusals } = planFork(of(TRIP, { hasUndo: () => undefined }), asked({}));
    expect(refusals).toHaveLength(4);
    expect(refusals[0]).toBe('undoable:1 was completed after the cut: choose adopt, undo or leave for it');
  });

  test('cannot be adopted if they were requested after it', () => {
    expect(planFork(of(TRIP), asked({ completed: 'adopt' })).refusals[0]).toBe(
      'undoable:1 was requested after the cut, so it cannot be adopted: cut later, or undo or leave it',
    );
  });

  test('that are children are adopted or left', () => {
    const child = (at: string | number, completed: ForkRequest['completed']): readonly string[] =>
      planFork(
        of([started, issued(1, 'child', { command: 'tutti.child', owner: 'default#c#1' }), answered(1)]),
        asked({ at, ...(completed && { completed }) }),
      ).refusals;
    expect(child('start', undefined)).toEqual([]);
    expect(child(1, undefined)).toEqual([]);
    expect(child('start', { 'child:1': 'undo' })).toEqual(['child:1 is a child: leave it, or cut elsewhere']);
    expect(child(1, { 'child:1': 'leave' })).toEqual(['child:1 is a child: adopt its result, or cut elsewhere']);
  });

  test('that were undone can only be left', () => {
    const undone = [
      started,
      issued(1, 'undoable'),
      answered(1),
      issued(3, 'other', { mode: 'send' }),
      issued(2, 'cancel', { undoes: `${PID}/R/1` }),
      answered(2),
      answered(3),
      answered(7),
      answered(1, { outcome: 'failed' }),
    ];
    expect(planFork(of(undone), asked({})).later).toMatchObject([{ path: 'undoable:1', state: 'undone', choice: undefined }]);
    expect(planFork(of(undone), asked({ completed: { 'undoable:1': 'undo' } })).refusals).toEqual([
      'undoable:1 is undone: it can only be left',
    ]);
    expect(planFork(of(undone), asked({ at: 2 })).refusals).toEqual([
      'undoable:1 was completed before the cut and undone after it: cut before it, or adopt it by name',
    ]);
    expect(planFork(of(undone), asked({ at: 2, completed: { 'undoable:1': 'adopt' } })).refusals).toEqual([]);
  });

  test('do not count by a success that came late and was undone', () => {
    const entries = [started, issued(1, 'undoable'), answered(1, { late: { run: 'R', command: 'undoable', input: null } })];
    expect(planFork(of(entries), asked({}))).toMatchObject({ later: [], refusals: [] });
  });

  test('that the journal does not have cannot be chosen', () => {
    expect(planFork(of([started]), asked({ completed: { 'x:1': 'undo' } })).refusals).toEqual(['it has no step x:1']);
  });
});

describe('an earlier fork', () => {
  const forkedAs = (answer: object[]): readonly object[] => [
    ...TRIP,
    { type: 'ForkRequested', at: 9, id: 'op', to: 'default#trip#x~f1', data: { entries: 5, adopt: [3] } },
    issued(9, 'fork', { path: 'fork/op', command: 'tutti.fork', owner: 'default#trip#x~f1' }),
    ...answer,
  ];

  test('keeps the steps that it has adopted', () => {
    const { refusals } = planFork(of(forkedAs([answered(9)])), asked({ at: 'plain:1', completed: 'leave' }));
    expect(refusals).toEqual(['undoable:1 belongs to the fork x~f1: fork that one, or cut earlier']);
    const { later } = planFork(of(forkedAs([])), asked({ at: 'start', completed: 'leave' }));
    expect(later.map(({ path, state }) => `${path} ${state}`)).toEqual([
      'undoable:1 adopted',
      'plain:1 completed',
      'undoable-too:1 adopted',
      'undoable-last:1 completed',
    ]);
  });

  test('that was refused leaves them to the original', () => {
    expect(planFork(of(forkedAs([answered(9, { outcome: 'failed' })])), asked({ at: 'plain:1', completed: 'leave' })).refusals).toEqual([]);
  });
});

describe('an open original', () => {
  const command = (n: number, more: Partial<OpenCommand> = {}): OpenCommand =>
    ({ n, path: `c${n}:1`, command: 'undoable', mode: 'call', ...more }) as OpenCommand;
  const refusals = (open: readonly OpenCommand[], request: Partial<ForkRequest> = {}): readonly string[] =>
    planFork(of([started, issued(1, 'c1')], { open }), asked({ supersede: true, ...request })).refusals;

  test('is superseded only if the operator asks for it', () => {
    expect(refusals([])).toEqual([]);
    expect(planFork(of([started], { open: [] }), asked({})).refusals).toEqual(['it is open: end it first, or ask to supersede it']);
  });

  test('undoes the late success of an open step, and needs a choice for one without an undo', () => {
    expect(
      refusals([command(1), command(2, { mode: 'send' }), command(3, { detached: true }), command(4, { command: 'tutti.fork' })]),
    ).toEqual([]);
    const twice = 'c1:1 is open and has no undo: wait for its outcome, or leave it by name, so that it may have its effect twice';
    expect(refusals([command(1, { command: 'plain' })])).toEqual([twice]);
    expect(refusals([command(1, { stands: true })])).toEqual([twice]);
    expect(refusals([command(1, { command: 'plain' })], { completed: { 'c1:1': 'leave' } })).toEqual([]);
  });

  test('waits for its undos and its children first', () => {
    expect(refusals([command(1, { mode: 'undo', path: 'c1:1/undo' }), command(2, { owner: 'default#c#1' })])).toEqual([
      'c1:1/undo is open: wait until it is undone',
      'the child at c2:1 is open: wait for its end, or cancel it',
    ]);
  });
});

describe('the events of a fork', () => {
  const events = (wanted: ForkRequest['events'], at: ForkRequest['at'] = 'start') =>
    planFork(of(TRIP), asked({ at, events: wanted, completed: 'leave' }));

  test('are those that came after the cut: all, none, or the chosen ones', () => {
    expect(events('all').events).toEqual([5, 9]);
    expect(events('all', 'undoable-last:1').events).toEqual([9]);
    expect(events('none').events).toEqual([]);
    expect(events(['b']).events).toEqual([9]);
  });

  test('are refused if the original did not receive them', () => {
    expect(events(['c']).refusals).toEqual(['it received no event c after the cut']);
  });
});

test('the prefix of a fork names the run that each part is of', () => {
  const texts = [
    JSON.stringify({ ...started, parent: 'p/r/1' }),
    JSON.stringify({ type: 'EventReceived', data: '"type":"Forked"' }),
    JSON.stringify({ type: 'EventReceived', data: { type: 'ProcessStarted' } }),
    JSON.stringify({ type: 'Forked', at: 3 }),
    JSON.stringify({ type: 'Tagged', path: '', tags: { a: '"type":"ProcessStarted"' } }),
  ];
  const origin = { pid: PID, run: 'R' };
  const first = prefixOf(texts, { ...origin, named: 'x' }).map((text) => JSON.parse(text) as object);
  expect(first[0]).toEqual({ ...started, origin, named: 'x' });
  expect(first[2]).toEqual({ type: 'EventReceived', data: { type: 'ProcessStarted' } });
  expect(first[3]).toEqual({ type: 'Forked', at: 3, origin });
  const again = prefixOf(
    first.map((entry) => JSON.stringify(entry)),
    { pid: 'default#trip#x~f1', run: 'F', named: 'x~f1' },
  );
  expect(again.map((text) => JSON.parse(text) as object)).toEqual(first);
});
