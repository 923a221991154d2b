import { describe, expect, test } from 'vitest';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { HandlerRun } from '../world/observer.ts';
import { HandlerRuns } from './handler-runs.ts';

type Step =
  | { readonly claims: string; readonly token: string }
  | { readonly beats: string; readonly token: string }
  | { readonly pauses: string; readonly until: number }
  | { readonly runs: string; readonly at: number; readonly effect?: HandlerRun['effect'] };

const record = (fields: Partial<CommandRecord>): Omit<CommandRecord, 'revision'> => ({ state: 'RUN', hash: 'h', ...fields });

const violationsOf = (...steps: readonly Step[]): string[] => {
  const runs = new HandlerRuns();
  const found: string[] = [];
  runs.accepted({ id: 'c1', retryattempts: 9 } as Parameters<HandlerRuns['accepted']>[0]);
  for (const step of steps) {
    if ('claims' in step) runs.recorded('c1', record({ token: step.token }), step.claims);
    else if ('beats' in step) runs.recorded('c1', record({ token: step.token, leaseUntil: 1 }), step.beats);
    else if ('pauses' in step) runs.recorded('c1', record({ nextRunAt: step.until }), step.pauses);
    else
      runs.began({ commandId: 'c1', command: 'p.first', effect: step.effect ?? 'key', worker: step.runs, at: step.at }, (invariant, what) =>
        found.push(`${invariant}: ${what}`),
      );
  }
  return found;
};

describe('I13: the pause between two runs', () => {
  test('is over for a run that was claimed after it', () => {
    expect(violationsOf({ pauses: 'a', until: 100 }, { claims: 'b', token: 'b:1' }, { runs: 'b', at: 100 })).toEqual([]);
  });

  test('is not over for a copy that is claimed within it', () => {
    expect(violationsOf({ pauses: 'a', until: 100 }, { claims: 'b', token: 'b:1' }, { runs: 'b', at: 60 })).toEqual([
      'I13: c1 (p.first) was run 40 ms before its pause was over',
    ]);
  });

  test.for(['a', 'b'])(
    'does not bind a worker that froze between its claim and its handler, while worker %s ran the command and failed',
    (other) => {
      const late: Step[] = [
        { claims: 'a', token: 'a:1' },
        { claims: other, token: `${other}:2` },
        { runs: other, at: 50 },
        { pauses: other, until: 100 },
        { runs: 'a', at: 60 },
      ];
      expect(violationsOf(...late)).toEqual([]);
      expect(violationsOf(...late, { claims: 'a', token: 'a:3' }, { runs: 'a', at: 70 })).toHaveLength(1);
      expect(violationsOf(...late, { runs: 'a', at: 70 })).toHaveLength(1);
    },
  );

  test('binds a run after a heartbeat, which is no claim', () => {
    const beaten: Step[] = [
      { claims: 'a', token: 'a:1' },
      { runs: 'a', at: 0 },
      { beats: 'a', token: 'a:1' },
      { pauses: 'a', until: 100 },
    ];
    expect(violationsOf(...beaten, { runs: 'a', at: 60 })).toHaveLength(1);
  });

  test('binds a transaction, whose claim is recorded at its commit', () => {
    expect(violationsOf({ pauses: 'a', until: 100 }, { runs: 'b', at: 60, effect: 'transaction' })).toHaveLength(1);
  });
});

describe('I13: the number of runs', () => {
  const runs = (...steps: readonly ('begins' | 'ends' | 'loses')[]): string[] => {
    const told = new HandlerRuns();
    const found: string[] = [];
    told.accepted({ id: 'c1', retryattempts: 2 } as Parameters<HandlerRuns['accepted']>[0]);
    for (const step of steps)
      if (step === 'ends') told.ended('c1');
      else if (step === 'loses') told.lost('c1');
      else told.began({ commandId: 'c1', command: 'p.first', effect: 'transaction', worker: 'a', at: 0 }, (_, what) => found.push(what));
    return found;
  };

  test('is at most what the policy allows', () => {
    expect(runs('begins', 'ends', 'begins', 'ends', 'begins')).toEqual([
      'c1 (p.first, of class transaction) was run 3 times: its policy allows 2',
    ]);
  });

  test('does not count a transaction that has lost its message, once', () => {
    const lost = ['begins', 'loses', 'ends', 'begins', 'ends', 'begins', 'ends'] as const;
    expect(runs(...lost)).toEqual([]);
    expect(runs(...lost, 'begins')).toHaveLength(1);
  });
});
