import { listedId, specHash } from '../../lib/contract/schedule-instance.ts';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Overlap, ScheduleSpec } from '../../lib/contract/runtime-contract.ts';
import {
  instanceEnded,
  jitterOf,
  manyPassed,
  type Scheduled,
  type ScheduleState,
  scheduleEnded,
  timesAsked,
  timesCame,
  timesPaused,
} from '../../lib/core/scheduling.ts';

const HOUR = 3_600_000;
const SPEC: ScheduleSpec = {
  process: 'report',
  cron: '0 * * * *',
  zone: 'UTC',
  overlap: 'skip',
  catchUp: 'latest',
  withinMs: 24 * HOUR,
  jitterMs: 0,
  gap: 'after',
  fold: 'first',
};

const state = (spec: Partial<ScheduleSpec> = {}, more: Partial<ScheduleState> = {}): ScheduleState => ({
  name: 'hourly',
  spec: { ...SPEC, ...spec },
  hash: '',
  origin: 'system',
  covered: 0,
  running: [],
  waiting: [],
  started: 0,
  skipped: 0,
  missed: 0,
  ...more,
});

/** The times at whole hours `from` to `to`. */
const hours = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ at: (from + i) * HOUR, local: `h${String(from + i)}` }));
const RUNNING = [{ n: 7, id: 'hourly@h0~UTC' }];
const running = { running: RUNNING };

/** The decisions in one line each, and the starts and cancellations. */
const lines = ({ acts }: Scheduled): string[] =>
  acts.map((act) => {
    if (act.kind === 'start') return `start ${act.id}`;
    if (act.kind === 'cancel') return `cancel ${act.n}`;
    const { local, result, reason = '', behind = '', until = '', count = '', more = '' } = act.decision;
    return [result, local, reason, behind, until, count, more].filter((each) => each !== '').join(' ');
  });

describe('a time that has come', () => {
  test('starts an instance under its nominal time', () => {
    const scheduled = timesCame(state(), hours(1, 1), HOUR);
    expect(lines(scheduled)).toEqual(['started h1', 'start hourly@h1~UTC']);
    expect(scheduled.state).toMatchObject({ started: 1, last: { at: HOUR, local: 'h1', result: 'started' } });
  });

  test.each<[Overlap, string[]]>([
    ['skip', ['skipped h1 overlap hourly@h0~UTC']],
    ['queue-one', ['waiting h1 hourly@h0~UTC']],
    ['queue-all', ['waiting h1 hourly@h0~UTC']],
    ['cancel', ['cancel 7', 'waiting h1 hourly@h0~UTC']],
    ['allow', ['started h1', 'start hourly@h1~UTC']],
  ])('while an earlier instance runs, with %s', (overlap, expected) => {
    expect(lines(timesCame(state({ overlap }, running), hours(1, 1), HOUR))).toEqual(expected);
  });

  test('queue-one keeps the first that waits, cancel the last', () => {
    const waiting = { running: RUNNING, waiting: hours(1, 1) };
    expect(lines(timesCame(state({ overlap: 'queue-one' }, waiting), hours(2, 2), 2 * HOUR))).toEqual(['skipped h2 full hourly@h0~UTC']);
    const replaced = timesCame(state({ overlap: 'cancel' }, waiting), hours(2, 2), 2 * HOUR);
    expect(lines(replaced)).toEqual(['skipped h1 replaced hourly@h0~UTC', 'waiting h2 hourly@h0~UTC']);
    expect(replaced.state.waiting).toEqual(hours(2, 2));
  });

  test('at most 100 wait, and a further one is skipped with the reason', () => {
    const full = state({ overlap: 'queue-all' }, { running: RUNNING, waiting: hours(1, 100) });
    expect(lines(timesCame(full, hours(101, 101), 101 * HOUR))).toEqual(['skipped h101 full hourly@h0~UTC']);
  });
});

describe('the end of an instance', () => {
  test('starts the first that waits, and nothing while another instance runs', () => {
    const waiting = state({ overlap: 'queue-all' }, { running: RUNNING, waiting: hours(1, 2) });
    const ended = instanceEnded(waiting, 7);
    expect(lines(ended)).toEqual(['started h1', 'start hourly@h1~UTC']);
    expect(ended.state).toMatchObject({ running: [], waiting: hours(2, 2) });
    const two = { ...waiting, running: [...RUNNING, { n: 8, id: 'other' }] };
    expect(lines(instanceEnded(two, 7))).toEqual([]);
    expect(lines(instanceEnded(state({}, running), 7))).toEqual([]);
  });
});

describe('times that passed while no engine ran', () => {
  test('latest starts the last, and records the others in one entry', () => {
    const scheduled = timesCame(state(), hours(1, 5), 5 * HOUR);
    expect(lines(scheduled)).toEqual(['missed h1 later h4 4', 'started h5', 'start hourly@h5~UTC']);
    expect(scheduled.state).toMatchObject({ started: 1, missed: 4 });
  });

  test('none starts only one that is on time', () => {
    expect(lines(timesCame(state({ catchUp: 'none' }), hours(1, 2), 2 * HOUR))).toEqual([
      'missed h1 late',
      'started h2',
      'start hourly@h2~UTC',
    ]);
    expect(lines(timesCame(state({ catchUp: 'none' }), hours(1, 1), 1.5 * HOUR))).toEqual(['missed h1 late']);
  });

  test('all starts the last hundred, one after the other if they must not overlap', () => {
    const scheduled = timesCame(state({ catchUp: 'all', overlap: 'queue-all', withinMs: 200 * HOUR }), hours(1, 103), 103 * HOUR);
    expect(lines(scheduled).slice(0, 4)).toEqual(['missed h1 full h3 3', 'started h4', 'start hourly@h4~UTC', 'waiting h5 hourly@h4~UTC']);
    expect(scheduled.state.waiting).toHaveLength(99);
  });

  test('a time that is later than within is missed, whatever the catch-up', () => {
    const scheduled = timesCame(state({ catchUp: 'all', overlap: 'allow', withinMs: 2 * HOUR }), hours(1, 4), 5.5 * HOUR);
    expect(lines(scheduled)).toEqual(['missed h1 late h3 3', 'started h4', 'start hourly@h4~UTC']);
    expect(lines(timesCame(state({ withinMs: HOUR }), hours(1, 1), 3 * HOUR))).toEqual(['missed h1 late']);
  });

  test('very many are counted up to a bound', () => {
    expect(lines(manyPassed(state(), hours(1, 10), hours(20, 21)))).toEqual(['missed h1 late h10 10 true']);
    expect(lines(manyPassed(state(), hours(1, 10), hours(5, 21)))).toEqual(['missed h1 late h4 4 true']);
    expect(lines(manyPassed(state(), hours(1, 2), []))).toEqual(['missed h1 late h2 2 true']);
    expect(lines(manyPassed(state(), hours(5, 5), hours(5, 5)))).toEqual([]);
  });
});

describe('a schedule', () => {
  test('records the times of a pause, and what waited at its end', () => {
    const paused = timesPaused(state(), hours(1, 3), false);
    expect(lines(paused)).toEqual(['skipped h1 paused h3 3']);
    expect(paused.state.skipped).toBe(3);
    expect(lines(timesPaused(state(), hours(1, 3), true))).toEqual(['skipped h1 paused h3 3 true']);
    const ended = scheduleEnded(state({}, { running: RUNNING, waiting: hours(1, 2) }));
    expect(lines(ended)).toEqual(['skipped h1 ended h2 2']);
    expect(ended.state.waiting).toEqual([]);
  });

  test('starts on request whatever was decided before, with another overlap if it is asked for', () => {
    expect(lines(timesAsked(state({}, running), hours(1, 2), 'allow'))).toEqual([
      'started h1',
      'start hourly@h1~UTC',
      'started h2',
      'start hourly@h2~UTC',
    ]);
    expect(lines(timesAsked(state(), hours(1, 2), 'queue-all'))).toEqual(['started h1', 'start hourly@h1~UTC', 'waiting h2 hourly@h1~UTC']);
  });

  test('delays each start by a part of its jitter that only its id decides', () => {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const delays = hours(1, 50).map(({ local }) => jitterOf(hash, `hourly@${local}`, 5_000));
    expect(delays).toEqual(hours(1, 50).map(({ local }) => jitterOf(hash, `hourly@${local}`, 5_000)));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(jitterOf(hash, 'hourly@h1', 0)).toBe(0);
    expect(specHash(hash, JSON.stringify, SPEC)).toMatch(/^[0-9a-f]{16}$/);
    expect(listedId('ab')).toBe('listed:ab');
  });
});
