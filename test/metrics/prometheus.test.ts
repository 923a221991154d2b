import { describe, expect, test } from 'vitest';
import { bothHooks, guarded, type Instrumentation } from '../../lib/contract/instrumentation.ts';
import { measuring } from '../../lib/metrics/measuring.ts';
import { gaugeText, PrometheusRecorder } from '../../lib/metrics/prometheus.ts';
import { samplesIn, valueOf } from './samples.ts';

const OF = { tenant: 'default', process: 'order', id: 'o-1', at: 10_000 };
const COMMIT = { ...OF, run: 'r1', definition: 'order@1', version: 1, entries: 2, startedAt: 4_000 };
const ACTIVATION = { ...OF, kind: 'reply', messageId: 'm1', sentAt: 9_500, verdict: 'applied' } as const;

function recorded(record: (hooks: Instrumentation) => void): ReturnType<typeof samplesIn> {
  const recorder = new PrometheusRecorder();
  record(measuring(recorder));
  return samplesIn(recorder.text());
}

describe('the text for Prometheus', () => {
  test('counts runs that begin, get stuck and end, each once', () => {
    const samples = recorded(({ commit }) => {
      commit?.({ ...COMMIT, status: 'running' });
      commit?.({ ...COMMIT, status: 'running', was: 'running' });
      commit?.({ ...COMMIT, status: 'stuck', was: 'running' });
      commit?.({ ...COMMIT, status: 'stuck', was: 'stuck' });
      commit?.({ ...COMMIT, status: 'completed', was: 'stuck' });
      commit?.({ ...COMMIT, status: 'completed', was: 'completed' });
    });
    expect(valueOf(samples, 'tutti_runs_started_total', { process: 'order' })).toBe(1);
    expect(valueOf(samples, 'tutti_runs_stuck_total', { process: 'order' })).toBe(1);
    expect(valueOf(samples, 'tutti_runs_ended_total', { process: 'order', status: 'completed' })).toBe(1);
    expect(valueOf(samples, 'tutti_run_duration_seconds_sum', { process: 'order' })).toBe(6);
  });

  test('has the lag of an event and the latency of a command in cumulative buckets', () => {
    const samples = recorded(({ activation }) => {
      activation?.({ ...ACTIVATION, command: 'stock.take', commandAt: 2_000 });
      activation?.({ ...ACTIVATION, verdict: 'ignored' });
      activation?.({ ...ACTIVATION, kind: 'timer', sentAt: 0 });
      activation?.({ ...ACTIVATION, verdict: 'parked', code: 'FORBIDDEN' });
    });
    const latency = (le: string): number | undefined =>
      valueOf(samples, 'tutti_command_latency_seconds_bucket', { service: 'stock', command: 'stock.take', le });
    expect([latency('5'), latency('10'), latency('30'), latency('+Inf')]).toEqual([0, 1, 1, 1]);
    expect(valueOf(samples, 'tutti_event_lag_seconds_count', { kind: 'reply' })).toBe(1);
    expect(valueOf(samples, 'tutti_event_lag_seconds_count', { kind: 'timer' })).toBeUndefined();
    expect(valueOf(samples, 'tutti_messages_parked_total', { process: 'order', reason: 'FORBIDDEN' })).toBe(1);
  });

  test('counts commands, their runs and conflicts', () => {
    const samples = recorded(({ attempt, command, conflict }) => {
      command?.({ ...OF, commandId: 'c1', command: 'stock.take', attempt: 1 });
      attempt?.({ commandId: 'c1', command: 'stock.take', startedAt: 9_000, at: 10_000, outcome: 'threw' });
      conflict?.(OF);
    });
    expect(valueOf(samples, 'tutti_commands_sent_total', { service: 'stock', command: 'stock.take' })).toBe(1);
    expect(valueOf(samples, 'tutti_attempts_total', { service: 'stock', command: 'stock.take', outcome: 'threw' })).toBe(1);
    expect(valueOf(samples, 'tutti_attempt_duration_seconds_sum', { service: 'stock', command: 'stock.take' })).toBe(1);
    expect(valueOf(samples, 'tutti_conflicts_total', { process: 'order' })).toBe(1);
  });

  test('keeps at most a thousand series of a metric, and forged names in their label', () => {
    const samples = recorded(({ conflict }) => {
      for (let i = 0; i < 1_500; i += 1) conflict?.({ ...OF, process: `p${i}` });
    });
    expect(samples.filter(({ name }) => name === 'tutti_conflicts_total')).toHaveLength(1_001);
    expect(valueOf(samples, 'tutti_conflicts_total', { others: 'true' })).toBe(500);
    const text = gaugeText('g', 'Text.', [[{ process: 'a"} 1\nforged 2\\' }, 3]]);
    expect(samplesIn(text)).toEqual([{ name: 'g', labels: { process: 'a"} 1\nforged 2\\' }, value: 3 }]);
  });

  test('is of both hooks of a name, and of the hooks that only one side has', () => {
    const seen: string[] = [];
    const hooks = bothHooks(
      { conflict: () => seen.push('first') },
      { conflict: () => seen.push('second'), answer: () => seen.push('answer') },
    );
    hooks.conflict?.(OF);
    hooks.answer?.({ commandId: 'c1', command: 'stock.take', outcome: 'completed', at: 1 });
    expect(seen).toEqual(['first', 'second', 'answer']);
    expect(Object.keys(hooks).toSorted()).toEqual(['answer', 'conflict']);
  });

  test.each([
    ['throws', raise],
    ['rejects', (): unknown => Promise.reject(new TypeError('oops'))],
  ])('of one side is called also if that of the other side %s, which is reported', async (_how, conflict) => {
    const seen: string[] = [];
    const errors: unknown[] = [];
    const hooks = guarded(bothHooks({ conflict }, { conflict: () => seen.push('second') }), (error) => errors.push(error));
    hooks.conflict?.(OF);
    await new Promise(setImmediate);
    expect(seen).toEqual(['second']);
    expect(errors).toEqual([new TypeError('oops')]);
  });
});

function raise(): never {
  throw new TypeError('oops');
}
