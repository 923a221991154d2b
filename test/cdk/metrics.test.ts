import { Duration } from 'aws-cdk-lib/core';
import { describe, expect, test } from 'vitest';
import { REGION, resourcesOf, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const stack = testStack();
tripsOrchestrator(stack, {
  metrics: { processes: ['book-trip'], services: ['payments'], oldestWait: Duration.hours(6) },
  activityLog: true,
  consoleUrl: 'https://console.example.com',
});
const measured = resourcesOf(stack);
const plainStack = testStack();
tripsOrchestrator(plainStack);
const plain = resourcesOf(plainStack);

const ofType = (resources: readonly Resource[], type: string): readonly Resource[] => resources.filter((each) => each.type === type);
const alarm = (id: string): Readonly<Record<string, unknown>> | undefined =>
  ofType(measured, 'AWS::CloudWatch::Alarm').find((each) => each.id.startsWith(id))?.properties;

/** The variables of a function, by the beginning of its id. */
const variablesOf = (resources: readonly Resource[], id: string): Readonly<Record<string, unknown>> => {
  const found = ofType(resources, 'AWS::Lambda::Function').find((each) => each.id.startsWith(id));
  const { Variables = {} } = (found?.properties['Environment'] ?? {}) as { readonly Variables?: Record<string, unknown> };
  return Variables;
};

describe('metrics of an orchestrator', () => {
  test('are written by advance-processes and wake-overdue, which get the names of the processes and services', () => {
    for (const id of ['TripsFunctionsAdvanceProcesses', 'TripsFunctionsWakeOverdue'])
      expect(JSON.parse(variablesOf(measured, id)['TUTTI_METRICS'] as string)).toEqual({
        processes: ['book-trip'],
        services: ['payments'],
      });
    expect(variablesOf(measured, 'TripsFunctionsAdvanceProcesses')['TUTTI_ACTIVITY_LOG']).toBe('true');
  });

  test('are absent from a system that does not ask for them', () => {
    const names = Object.keys(variablesOf(plain, 'TripsFunctionsAdvanceProcesses'));
    expect(names.filter((each) => /METRICS|ACTIVITY/.test(each))).toEqual([]);
    expect(ofType(plain, 'AWS::CloudWatch::Dashboard')).toEqual([]);
    expect(plain.filter(({ id }) => id.includes('Metrics'))).toEqual([]);
  });

  test('raise an alarm on the oldest wait and on an instance that nothing will wake', () => {
    const dimensions = [{ Name: 'System', Value: 'trips' }];
    expect(alarm('TripsMetricsOldestWaitAlarm')).toMatchObject({
      Namespace: 'Tutti/trips',
      MetricName: 'oldestWait',
      Dimensions: dimensions,
      Statistic: 'Maximum',
      Threshold: 21_600,
      TreatMissingData: 'notBreaching',
      AlarmDescription: expect.stringContaining(
        "Run: tutti list --where 'waited:>6h' --group --stack trips Console: https://console.example.com",
      ),
    });
    expect(alarm('TripsMetricsNothingPendingAlarm')).toMatchObject({ MetricName: 'nothingPending', Dimensions: dimensions, Threshold: 1 });
  });

  test('name the console in the description of each alarm', () => {
    const descriptions = ofType(measured, 'AWS::CloudWatch::Alarm').map(({ properties }) => String(properties['AlarmDescription']));
    expect(descriptions.filter((each) => !each.endsWith(' Console: https://console.example.com'))).toEqual([]);
    const without = ofType(plain, 'AWS::CloudWatch::Alarm').map(({ properties }) => String(properties['AlarmDescription']));
    expect(without.filter((each) => each.includes('Console:'))).toEqual([]);
  });

  test('are in a dashboard that shows each metric which the functions write', () => {
    const [dashboard] = ofType(measured, 'AWS::CloudWatch::Dashboard');
    expect(dashboard?.properties['DashboardName']).toBe(`trips-${REGION}`);
    const body = String(dashboard?.properties['DashboardBody']);
    const shown = ['started', 'completed', 'failed', 'cancelled', 'terminated', 'stuck', 'parked', 'conflicts', 'commands'];
    for (const metric of [...shown, 'eventLag', 'commandLatency', 'runDuration', 'oldestWait']) expect(body).toContain(`"${metric}"`);
    expect(body).toContain('"Process","book-trip"');
    expect(body).toContain('"Service","payments"');
    expect(body).toContain('https://console.example.com');
  });

  test('can do without the dashboard, and refuse a name that the system does not have', () => {
    const bare = testStack();
    tripsOrchestrator(bare, { metrics: { dashboard: false } });
    expect(ofType(resourcesOf(bare), 'AWS::CloudWatch::Dashboard')).toEqual([]);
    expect(() => tripsOrchestrator(testStack(), { metrics: { services: ['ships'] } })).toThrow(
      'the services ships: expected services of trips',
    );
    expect(() => tripsOrchestrator(testStack(), { metrics: { processes: ['sail'] } })).toThrow(
      'the processes sail: expected processes of trips',
    );
  });
});
