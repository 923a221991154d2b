import { describe, expect, test } from 'vitest';
import { EmfRecorder, type EmfOptions } from '../../lib/metrics/emf.ts';
import { measuring } from '../../lib/metrics/measuring.ts';

const AT = 1_764_547_200_000;
const OF = { tenant: 'default', process: 'order', id: 'o-1', at: AT };
const COMMIT = { ...OF, run: 'r1', definition: 'order@1', version: 1, entries: 2, startedAt: AT - 4_000 };

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

/** The lines, as objects, after a check of the rules of the embedded metric format. */
function linesOf(recorder: EmfRecorder): Record<string, unknown>[] {
  return recorder.take(AT).map((text) => {
    const { _aws, ...line } = JSON.parse(text) as Record<string, unknown> & {
      readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] };
    };
    expect(_aws.Timestamp).toBe(AT);
    const [{ Namespace, Dimensions, Metrics } = { Namespace: '', Dimensions: [], Metrics: [] }] = _aws.CloudWatchMetrics;
    expect(Namespace).toBe('Tutti/shop');
    for (const dimension of Dimensions.flat()) expect(line[dimension]).toBeTypeOf('string');
    expect(Object.keys(line).toSorted()).toEqual([...Dimensions.flat(), ...Metrics.map(({ Name }) => Name)].toSorted());
    expect(Metrics.length).toBeLessThanOrEqual(100);
    return line;
  });
}

const recorderOf = (options: Partial<EmfOptions> = {}): EmfRecorder =>
  new EmfRecorder({ system: 'shop', processes: [], services: [], ...options });

describe("CloudWatch's embedded metric format", () => {
  test('has one line for a batch, however many messages it has decided on', () => {
    const recorder = recorderOf();
    const hooks = measuring(recorder);
    for (const id of ['o-1', 'o-2']) hooks.commit?.({ ...COMMIT, id, status: 'running' });
    hooks.commit?.({ ...COMMIT, status: 'completed', was: 'running' });
    for (const lag of [40, 60])
      hooks.activation?.({
        ...OF,
        kind: 'reply',
        messageId: 'm',
        sentAt: AT - lag,
        verdict: 'applied',
        command: 'stock.take',
        commandAt: AT - 900,
      });
    hooks.conflict?.(OF);
    expect(linesOf(recorder)).toEqual([
      { System: 'shop', started: 2, completed: 1, conflicts: 1, eventLag: [40, 60], commandLatency: [900, 900], runDuration: [4_000] },
    ]);
    expect(recorder.take(AT)).toEqual([]);
  });

  test('has lines of the processes and services that are named, and of no other', () => {
    const recorder = recorderOf({ processes: ['order'], services: ['stock'] });
    const hooks = measuring(recorder);
    hooks.commit?.({ ...COMMIT, status: 'stuck' });
    hooks.commit?.({ ...COMMIT, process: 'other', status: 'running' });
    hooks.command?.({ ...OF, commandId: 'c1', command: 'stock.take', attempt: 1 });
    hooks.command?.({ ...OF, commandId: 'c2', command: 'payments.charge', attempt: 1 });
    expect(linesOf(recorder)).toEqual([
      { System: 'shop', started: 2, stuck: 1, commands: 2 },
      { System: 'shop', Process: 'order', started: 1, stuck: 1 },
      { System: 'shop', Service: 'stock', commands: 1 },
    ]);
  });

  test('keeps at most a hundred values of a metric, which CloudWatch accepts', () => {
    const recorder = recorderOf();
    for (let i = 0; i < 150; i += 1) recorder.time('eventLag', { kind: 'reply' }, i);
    expect(linesOf(recorder)[0]?.['eventLag']).toHaveLength(100);
  });
});
