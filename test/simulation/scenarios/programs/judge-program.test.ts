import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { Effect, EndedRun } from '../scenario.ts';
import { endedRun, inFairWeather, type Happening } from './fair-weather.ts';
import { judgeProgram } from './judge-program.ts';
import type { Call, Dispatch, Program, Run } from './program.ts';

const call = (label: string, more: Partial<Call> = {}): Call => ({
  kind: 'call',
  label,
  service: 'stock',
  verb: 'act',
  does: { is: 'ok' },
  ...more,
});
const dispatch = (label: string, more: Partial<Call> = {}, given: Dispatch['given'] = 'fits'): Dispatch => ({
  kind: 'dispatch',
  given,
  call: call(label, more),
});
const refused = (label: string): Call => call(label, { does: { is: 'refuse' } });
const run = (label: string, more: Partial<Run> = {}): Run => ({ kind: 'run', name: 'bake', label, does: { is: 'ok' }, ...more });
const labels = (effects: readonly Effect[]): string =>
  effects.map(({ input, undoes }) => `${undoes === undefined ? '' : '-'}${(input as { label: string }).label}`).join(' ');

/** A race whose events are both unread when it begins, and a wait that reads the event of its loser. */
const BOTH_UNREAD: Program = [
  { kind: 'sleep', for: '20 minutes' },
  {
    kind: 'race',
    name: 'r',
    branches: [
      { kind: 'race', name: 'inner', branches: [{ kind: 'wait', signal: 'go' }] },
      { kind: 'wait', signal: 'stop' },
    ],
  },
  { kind: 'wait', signal: 'stop', timeout: '1 second' },
];
const BOTH: readonly Happening[] = [
  { after: '1 minute', signal: 'stop' },
  { after: '1 minute', signal: 'go' },
];

describe('judgeProgram accepts a run that follows its program', () => {
  const cases: readonly {
    readonly title: string;
    readonly program: Program;
    readonly happenings?: readonly Happening[];
    readonly status: EndedRun['status'];
    readonly effects: string;
  }[] = [
    { title: 'one call has one effect', program: [call('a')], status: 'completed', effects: 'a' },
    {
      title: 'steps of ctx.run have effects, fail, try again and are undone like calls, and each body sees its activation',
      program: [
        run('a'),
        { kind: 'tag' },
        {
          kind: 'parallel',
          branches: [
            run('b', { does: { is: 'stumble', times: 1, after: true } }),
            { kind: 'scope', name: 'room', body: [call('c'), run('d')] },
          ],
        },
        run('e', { undo: false, does: { is: 'not-done', times: 2 } }),
        { kind: 'catch', step: run('f', { does: { is: 'refuse' } }), handler: [run('g', { once: true })] },
        { kind: 'withdraw', call: run('h'), after: '1 second' },
        run('i', { does: { is: 'refuse' } }),
      ],
      status: 'failed',
      effects: 'a b c d e g h -h -g -b -d -c -a',
    },
    {
      title: 'a body that fails the process shows its failure',
      program: [run('a', { does: { is: 'refuse' } })],
      status: 'failed',
      effects: '',
    },
    {
      title: 'a loop takes events until its end, and stops after as many as it takes',
      program: [
        { kind: 'each', signals: ['go', 'stop'], until: '20 minutes', takes: 2, act: run('a') },
        { kind: 'each', signals: ['go', 'stop'], until: '20 minutes', takes: 3 },
        { kind: 'each', signals: ['nudge'], until: '1 second', takes: 1 },
      ],
      happenings: [
        { after: '1 minute', signal: 'go' },
        { after: '1 minute', signal: 'stop' },
        { after: '1 minute', signal: 'stop' },
      ],
      status: 'completed',
      effects: 'a a',
    },
    {
      title: 'a loop ends with its scope, and its step is undone',
      program: [
        {
          kind: 'race',
          name: 'r',
          branches: [
            {
              kind: 'scope',
              name: 'room',
              ambient: true,
              body: [{ kind: 'each', signals: ['go'], until: '2 hours', takes: 3, act: run('a') }],
            },
            { kind: 'sleep', for: '20 minutes' },
          ],
        },
      ],
      happenings: [{ after: '1 minute', signal: 'go' }],
      status: 'completed',
      effects: 'a -a',
    },
    {
      title: 'ctx.every acts until its race is decided',
      program: [
        {
          kind: 'race',
          name: 'r',
          branches: [
            { kind: 'sleep', for: '20 minutes' },
            { kind: 'every', period: '3 minutes', act: run('a', { undo: false }) },
          ],
        },
      ],
      status: 'completed',
      effects: 'a a a a a a',
    },
    {
      title: 'a process goes on without the unknown outcome of a call that allows it',
      program: [
        { kind: 'catch', step: call('a', { verb: 'dare', does: { is: 'forget' }, within: '5 minutes' }), handler: [call('b')] },
        { kind: 'catch', step: call('c', { does: { is: 'not-done', times: 3 }, attempts: 2 }), handler: [call('d')] },
      ],
      status: 'completed',
      effects: 'b d',
    },
    {
      title: 'a refused third call undoes the first two, the newer first',
      program: [call('a'), call('b', { service: 'bank', stubborn: 2 }), refused('c'), call('d')],
      status: 'failed',
      effects: 'a b -b -a',
    },
    {
      title: 'a call that fails technically before it succeeds has one effect',
      program: [
        call('a', { does: { is: 'stumble', times: 2, after: true } }),
        call('b', { does: { is: 'stumble', times: 1, after: false } }),
      ],
      status: 'completed',
      effects: 'a b',
    },
    {
      title: 'the calls before a pivot and a call with undo: false stand when the process fails',
      program: [call('a'), { kind: 'pivot' }, call('b', { undo: false }), call('c'), { kind: 'throw', label: 't' }],
      status: 'failed',
      effects: 'a b c -c',
    },
    {
      title: 'a scope that fails is undone, and its failure is caught',
      program: [call('a'), { kind: 'catch', step: { kind: 'scope', name: 'room', body: [call('b'), refused('c')] }, handler: [call('d')] }],
      status: 'completed',
      effects: 'a b -b d',
    },
    {
      title: 'a compensation runs in its place among the undos',
      program: [
        { kind: 'compensate', label: 'mend', body: [call('m', { verb: 'tell' })] },
        call('a'),
        { kind: 'compensate', label: 'mend', body: [{ kind: 'publish', label: 'sorry' }] },
        { kind: 'throw', label: 't' },
      ],
      status: 'failed',
      effects: 'a -a m',
    },
    {
      title: 'a parallel that fails undoes the calls of all its branches',
      program: [
        {
          kind: 'parallel',
          branches: [call('a'), { kind: 'sleep', for: '20 minutes' }, { kind: 'scope', name: 'room', body: [call('b'), refused('c')] }],
        },
      ],
      status: 'failed',
      effects: 'a b -b -a',
    },
    {
      title: 'a dispatched value that fits has the effect of a call, and is undone like one',
      program: [dispatch('a'), dispatch('b', { does: { is: 'refuse' } }), call('c'), { kind: 'throw', label: 't' }],
      status: 'failed',
      effects: 'a c -c -a',
    },
    {
      title: 'a dispatched value that does not fit has no effect, also in a scope, in a race, and if it is undone',
      program: [
        dispatch('a', {}, 'invalid'),
        { kind: 'undo', target: 'a' },
        { kind: 'scope', name: 'room', body: [call('b'), dispatch('c', {}, 'unknown')] },
        { kind: 'race', name: 'r', branches: [call('d'), dispatch('e', {}, 'invalid')] },
      ],
      status: 'completed',
      effects: 'b',
    },
    {
      title: 'ctx.undo of a dispatched command undoes it if it has an undo, and is no bug if it has none',
      program: [dispatch('a'), { kind: 'undo', target: 'a' }, dispatch('b', { verb: 'tell' }), { kind: 'undo', target: 'b' }],
      status: 'completed',
      effects: 'a -a b',
    },
    {
      title: 'the loser of a race is undone',
      program: [
        {
          kind: 'race',
          name: 'r',
          branches: [
            { kind: 'scope', name: 'room', body: [call('a'), { kind: 'wait', signal: 'go' }] },
            { kind: 'sleep', for: '3 minutes' },
          ],
        },
      ],
      status: 'completed',
      effects: 'a -a',
    },
    {
      title: 'signals are read in order, even one that came before the wait',
      program: [
        { kind: 'sleep', for: '20 minutes' },
        { kind: 'wait', signal: 'go' },
        { kind: 'wait', signal: 'go', timeout: '2 hours' },
        { kind: 'wait', signal: 'stop', timeout: '1 second' },
      ],
      happenings: [
        { after: '1 minute', signal: 'go' },
        { after: '30 minutes', signal: 'go' },
      ],
      status: 'completed',
      effects: '',
    },
    {
      title: 'a wait that loses a race leaves its event to a later wait, in its order',
      program: BOTH_UNREAD,
      happenings: BOTH,
      status: 'completed',
      effects: '',
    },
    {
      title: 'ctx.undo undoes one call, or all calls so far',
      program: [call('a'), call('b'), call('c'), { kind: 'undo', target: 'b' }, { kind: 'undo' }, call('d')],
      status: 'completed',
      effects: 'a b c -b -c -a d',
    },
    {
      title: 'a call that is withdrawn is undone',
      program: [{ kind: 'withdraw', call: call('a'), after: '1 second' }, call('b')],
      status: 'completed',
      effects: 'a -a b',
    },
    {
      title: 'a cancel undoes all calls before it',
      program: [call('a'), { kind: 'scope', name: 'room', body: [call('b'), { kind: 'wait', signal: 'go' }] }, call('c')],
      happenings: [{ after: '1 minute', cancel: true }],
      status: 'cancelled',
      effects: 'a b -b -a',
    },
    {
      title: 'a process cannot swallow a cancel',
      program: [
        call('a'),
        {
          kind: 'catch',
          step: { kind: 'scope', name: 'room', body: [{ kind: 'wait', signal: 'go' }] },
          handler: [call('b'), { kind: 'publish', label: 'p' }],
        },
      ],
      happenings: [{ after: '1 minute', cancel: true }],
      status: 'cancelled',
      effects: 'a -a',
    },
    {
      title: 'a terminate leaves the effects as they are',
      program: [call('a'), { kind: 'wait', signal: 'go' }],
      happenings: [{ after: '1 minute', terminate: true }],
      status: 'terminated',
      effects: 'a',
    },
    {
      title: 'a command that is only sent has its effect, and a return skips the steps after it',
      program: [
        { kind: 'send', call: call('a', { verb: 'tell' }) },
        { kind: 'view', text: 'v' },
        { kind: 'return', label: 'r' },
        call('b'),
      ],
      status: 'completed',
      effects: 'a',
    },
    {
      title: 'a deferred call completes by its answer, and a call without an answer is exhausted',
      program: [
        call('a', { verb: 'ask', does: { is: 'defer', seconds: 60, early: false, refuses: false } }),
        { kind: 'catch', step: call('b', { verb: 'ask', does: { is: 'forget' }, within: '5 minutes' }), handler: [] },
        { kind: 'try', call: refused('c'), refused: [{ kind: 'publish', label: 'p' }] },
      ],
      status: 'completed',
      effects: '',
    },
    {
      title: 'a loop that swallows its cancellation ends when it loses a race and when its neighbour fails',
      program: [
        call('a'),
        { kind: 'race', name: 'r', branches: [call('b'), { kind: 'beats', every: '1 minute', times: 4 }] },
        {
          kind: 'parallel',
          branches: [
            { kind: 'scope', name: 'room', body: [{ kind: 'sleep', for: '20 minutes' }, refused('c')] },
            { kind: 'beats', every: '3 minutes', times: 40 },
          ],
        },
      ],
      status: 'failed',
      effects: 'a b -b -a',
    },
    {
      title: 'a race may be a branch of another race',
      program: [
        {
          kind: 'race',
          name: 'outer',
          branches: [
            { kind: 'race', name: 'inner', branches: [call('a'), { kind: 'sleep', for: '3 minutes' }] },
            { kind: 'any', name: 'other', branches: [refused('b'), { kind: 'beats', every: '20 seconds', times: 2 }] },
          ],
        },
      ],
      status: 'completed',
      effects: 'a',
    },
    {
      title: 'the first branch that succeeds wins ctx.any',
      program: [
        { kind: 'any', name: 'r', branches: [refused('a'), call('b'), { kind: 'sleep', for: '2 hours' }] },
        { kind: 'until', inMs: -1 },
      ],
      status: 'completed',
      effects: 'b',
    },
  ];
  test.each(cases)('$title', async ({ program, happenings, status, effects }) => {
    const run = await inFairWeather(program, happenings);
    expect(run.status).toBe(status);
    expect(labels(run.effects)).toBe(effects);
    expect(judgeProgram(program, run)).toEqual([]);
  });

  test('the second version of the process passes too', async () => {
    const program: Program = [call('a')];
    const run = await inFairWeather(program, [], 1);
    expect(run.result).toMatchObject({ version: 2 });
    expect(judgeProgram(program, run)).toEqual([]);
  });
});

/** The third call is refused. */
const FAILING: Program = [call('a'), call('b'), refused('c')];
const isUndo = (entry: JournalEntry): boolean => entry.type === 'CommandIssued' && entry.undoes !== undefined;
const without = (run: EndedRun, leaves: (entry: JournalEntry) => boolean): EndedRun =>
  endedRun(
    run.entries.filter((entry) => !leaves(entry)),
    run.effects,
  );
const withEffects = (run: EndedRun, effects: readonly Effect[]): EndedRun => endedRun(run.entries, effects);

describe('judgeProgram reports a run that differs from its program', () => {
  test('an undo without an effect is reported', async () => {
    const run = await inFairWeather(FAILING);
    const wrong = judgeProgram(FAILING, withEffects(run, run.effects.slice(0, -1)));
    expect(wrong).toContain('a was not undone');
  });

  test('an undo that was never sent is reported', async () => {
    const run = await inFairWeather(FAILING);
    const last = run.entries.findLast(isUndo) as Extract<JournalEntry, { type: 'CommandIssued' }>;
    const lost = without(run, (entry) => 'n' in entry && entry.n === last.n);
    expect(judgeProgram(FAILING, lost)).toContain('stock.act:1 was never undone');
  });

  test('an effect of a command that was never issued is reported', async () => {
    const run = await inFairWeather(FAILING);
    const ghost = { commandId: `${run.pid}/${run.run}/99`, command: 'stock.act', input: { label: 'a' } };
    expect(judgeProgram(FAILING, withEffects(run, [...run.effects, ghost]))).toContain(
      `${ghost.commandId} had an effect, but was never issued`,
    );
  });

  test('a second effect of a command is reported', async () => {
    const run = await inFairWeather(FAILING);
    const [first] = run.effects as readonly [Effect];
    expect(judgeProgram(FAILING, withEffects(run, [...run.effects, first]))).toContain(`${first.commandId} had its effect 2 times`);
  });

  test('an effect of a refused command is reported', async () => {
    const run = await inFairWeather(FAILING);
    const issued = run.entries.find((entry) => entry.type === 'CommandIssued' && entry.path === 'stock.act:3') as { n: number };
    const effect = { commandId: `${run.pid}/${run.run}/${issued.n}`, command: 'stock.act', input: { label: 'c' } };
    expect(judgeProgram(FAILING, withEffects(run, [...run.effects, effect]))).toContain('c ended failed and has an effect');
  });

  test('a body of ctx.run that saw another activation, or whose undo did, is reported', async () => {
    const program: Program = [{ kind: 'tag' }, run('a'), run('b'), { kind: 'throw', label: 't' }];
    const ran = await inFairWeather(program);
    expect(judgeProgram(program, ran)).toEqual([]);
    for (const [at, label] of [
      [1, 'b'],
      [2, 'b'],
      [3, 'a'],
    ] as const) {
      const seenLater = { done: 2, lucky: null, values: ['tag', 'ok:a', 'ok:b'] };
      const later = ran.effects.map((each, index) => (index === at ? { ...each, input: { label, seen: seenLater } } : each));
      expect(judgeProgram(program, withEffects(ran, later))).toEqual([
        expect.stringMatching(`^the body of ${label} saw {"done":2,"lucky":null,.*; expected: {`),
      ]);
    }
  });

  test('a missing effect is reported', async () => {
    const program: Program = [call('a')];
    const run = await inFairWeather(program);
    expect(judgeProgram(program, withEffects(run, []))).toContain('a completed and has no effect');
  });

  test('an older call that is undone before a newer one is reported', async () => {
    const run = await inFairWeather(FAILING);
    const begins = run.entries.findIndex(isUndo);
    const undoing = run.entries.slice(begins, begins + 4);
    const swapped = [...run.entries.slice(0, begins), ...undoing.slice(2), ...undoing.slice(0, 2), ...run.entries.slice(begins + 4)];
    expect(judgeProgram(FAILING, endedRun(swapped, run.effects))).toContain('stock.act:1 was undone before a newer item');
  });

  test('an undo of a call that must stand is reported', async () => {
    const program: Program = [call('a')];
    const run = await inFairWeather(program);
    const [first] = run.effects as readonly [Effect];
    const undo = { commandId: `${run.pid}/${run.run}/2`, command: 'stock.unact', input: { label: 'a' }, undoes: first.commandId };
    expect(judgeProgram(program, withEffects(run, [...run.effects, undo]))).toContain('a was undone, and nothing asked for that');
  });

  test('a wrong result and a wrong failure are reported', async () => {
    const program: Program = [call('a')];
    const run = await inFairWeather(program);
    expect(judgeProgram(program, { ...run, result: { version: 1, values: ['ok:b'] } })).toHaveLength(1);
    const failed = await inFairWeather(FAILING);
    const other = failed.entries.map((entry) =>
      entry.type === 'ProcessFailed' ? { ...entry, data: JSON.parse(JSON.stringify(entry.data).replaceAll('"c"', '"a"')) } : entry,
    );
    expect(judgeProgram(FAILING, endedRun(other, failed.effects))).toEqual(['it failed with "refused:a"; expected: "refused:c"']);
  });

  test('a completed process whose step failed is reported', async () => {
    const run = await inFairWeather(FAILING);
    const completed = run.entries.map((entry) =>
      entry.type === 'ProcessFailed' ? ({ type: 'ProcessCompleted', path: '' } as const) : entry,
    );
    expect(judgeProgram(FAILING, endedRun(completed, run.effects))).toEqual([expect.stringContaining('expected: failed')]);
  });

  test('a signal that a wait passed over is reported', async () => {
    const program: Program = [{ kind: 'wait', signal: 'go', timeout: '20 minutes' }];
    const run = await inFairWeather(program);
    const received = { type: 'EventReceived', at: 0, event: 'programs.go', id: 'e0', source: 'programs', time: '', data: {} } as const;
    const fired = run.entries.findIndex(({ type }) => type === 'TimerFired');
    const entries = [...run.entries.slice(0, fired), received, ...run.entries.slice(fired)];
    expect(judgeProgram(program, endedRun(entries, []))).toEqual(['programs.go:1 got nothing, though e0 was there']);
  });

  test('signals that are read out of their order of arrival are reported', async () => {
    const program: Program = [
      { kind: 'sleep', for: '20 minutes' },
      { kind: 'wait', signal: 'go' },
      { kind: 'wait', signal: 'go' },
    ];
    const run = await inFairWeather(program, [
      { after: '1 minute', signal: 'go' },
      { after: '1 minute', signal: 'go' },
    ]);
    const swapped = run.entries.map((entry) => (entry.type === 'EventTaken' ? { ...entry, id: entry.id === 'e0' ? 'e1' : 'e0' } : entry));
    expect(judgeProgram(program, endedRun(swapped, []))).toContain('programs.go:1 got e1, though e0 was there');
  });

  test('an event of a losing wait that is not put back, and one that is put back without need, are reported', async () => {
    const run = await inFairWeather(BOTH_UNREAD, BOTH);
    const lost = without(run, ({ type }) => type === 'EventPutBack');
    expect(judgeProgram(BOTH_UNREAD, endedRun(lost.entries, []))).toContain(
      'programs.stop:1 lost its race, and its event e0 is not put back',
    );
    const program: Program = [{ kind: 'wait', signal: 'go' }];
    const read = await inFairWeather(program, [{ after: '1 minute', signal: 'go' }]);
    const entries = read.entries.flatMap((entry): JournalEntry[] =>
      entry.type === 'EventTaken' ? [entry, { ...entry, type: 'EventPutBack' }] : [entry],
    );
    expect(judgeProgram(program, endedRun(entries, []))).toContain(
      'the event e0 of programs.go:1 is put back, and nothing has ended its wait',
    );
  });

  test('a missing published event and one that the program does not publish are reported', async () => {
    const program: Program = [{ kind: 'publish', label: 'p' }];
    const run = await inFairWeather(program);
    const isPublished = (entry: JournalEntry): boolean => entry.type === 'EventPublished';
    expect(judgeProgram(program, without(run, isPublished))).toContain('EventPublished programs.said:1 is missing');
    expect(judgeProgram([], run)).toContain('EventPublished programs.said:1 is in the journal, but not in the program');
  });

  test('a race that the slower branch won is reported', async () => {
    const program: Program = [{ kind: 'race', name: 'r', branches: [call('a'), { kind: 'sleep', for: '3 minutes' }] }];
    const run = await inFairWeather(program);
    const other = run.entries.map((entry) => (entry.type === 'BranchWon' ? { ...entry, winner: 'b1' } : entry));
    expect(judgeProgram(program, endedRun(other, run.effects))).toContain('race was won by b1, which had not settled');
  });

  test('a loser of a race that stands is reported', async () => {
    const program: Program = [
      {
        kind: 'race',
        name: 'r',
        branches: [
          { kind: 'scope', name: 'room', body: [call('a'), { kind: 'sleep', for: '20 minutes' }] },
          { kind: 'sleep', for: '3 minutes' },
        ],
      },
    ];
    const run = await inFairWeather(program);
    const undo = run.entries.find(isUndo) as { n: number };
    const lost = without(run, (entry) => 'n' in entry && entry.n === undo.n);
    expect(judgeProgram(program, endedRun(lost.entries, run.effects.slice(0, 1)))).toContain('room:1/stock.act:1 was never undone');
  });

  test('a cancelled process that goes on is reported', async () => {
    const program: Program = [call('a'), { kind: 'wait', signal: 'go' }, call('b')];
    const run = await inFairWeather(program, [{ after: '1 minute', signal: 'go' }]);
    const [, taken] = [run.entries, run.entries.findIndex(({ type }) => type === 'EventReceived')];
    const cancel = { type: 'CancelRequested', at: 0, id: 'o', reason: 'r', by: 'b' } as const;
    const entries = [...run.entries.slice(0, taken), cancel, ...run.entries.slice(taken)];
    expect(judgeProgram(program, endedRun(entries, run.effects))).toEqual(
      expect.arrayContaining(['stock.act:1 was never undone', 'CommandIssued stock.act:2 is in the journal, but not in the program']),
    );
  });

  test('a call that is given up without need and one that completes though its service refuses it are reported', async () => {
    const run = await inFairWeather([call('a')]);
    const answer = (outcome: 'cancelled' | 'completed'): JournalEntry[] =>
      run.entries.map((entry) => (entry.type === 'CommandAnswered' ? { ...entry, outcome } : entry));
    expect(judgeProgram([call('a')], endedRun(answer('cancelled'), []))).toContain('a was given up after 0 ms');
    expect(judgeProgram([refused('a')], endedRun(answer('completed'), run.effects))).toContain(
      'a completed, but its service never completes it',
    );
  });

  test('a run that is still running and one that is stuck without a reason are reported', async () => {
    const run = await inFairWeather([call('a')]);
    expect(judgeProgram([call('a')], { ...run, status: 'running' })).toContain('it is still running');
    expect(judgeProgram([call('a')], { ...run, status: 'stuck' })).toContain('it is stuck, though each answer is known');
  });

  test('a timer that is due at another time is reported', async () => {
    const program: Program = [{ kind: 'sleep', for: '20 minutes' }];
    const run = await inFairWeather(program);
    const early = run.entries.map((entry) => (entry.type === 'TimerSet' ? { ...entry, due: entry.due - 1 } : entry));
    expect(judgeProgram(program, endedRun(early, []))).toEqual([expect.stringContaining('sleep:1 is due at')]);
  });
});
