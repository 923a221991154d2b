import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib/core';
import { describe, expect, test } from 'vitest';
import { payments } from '../../../examples/travel-booking/contracts.ts';
import { ServiceFunction } from '../../../lib/cdk/service-function.ts';
import { resourcesOf, testStack, tripsOrchestrator, type Resource } from '../synthesized.ts';
import { alarmedMinutes, metricsOf, type AlarmMetric, type AlarmProperties } from './alarm-states.ts';
import { STORIES } from './alarm-stories.ts';

const stack = testStack();
const orchestrator = tripsOrchestrator(stack, { retention: Duration.days(60), metrics: true });
new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'x' });
const resources = resourcesOf(stack);
const ofType = (type: string): readonly Resource[] => resources.filter((each) => each.type === type);

const alarms = ofType('AWS::CloudWatch::Alarm').map(({ id, properties }) => ({
  id: id.replace(/[0-9A-F]{8}$/, ''),
  alarm: properties as unknown as AlarmProperties,
}));
const told = alarms.map(({ id, alarm }) => ({ id, alarm, stories: STORIES.filter((story) => story.alarm.test(id)) }));

/** First and last of each run of minutes. */
const ranges = (minutes: readonly number[]): readonly (readonly [number, number])[] =>
  minutes.reduce<(readonly [number, number])[]>((all, minute) => {
    const last = all.at(-1);
    return last?.[1] === minute - 1 ? [...all.slice(0, -1), [last[0], minute]] : [...all, [minute, minute]];
  }, []);

describe('each alarm', () => {
  test('each alarm has one story of its fault', () => {
    expect(told.filter(({ stories }) => stories.length !== 1).map(({ id, stories }) => `${id}: ${stories.length}`)).toEqual([]);
    const unused = STORIES.filter((story) => !told.some(({ stories }) => stories.includes(story)));
    expect(unused.map(({ fault }) => fault)).toEqual([]);
  });

  for (const { id, alarm, stories } of told)
    for (const { fault, broken, minutes, onBy, until = minutes, offFrom = Infinity, healthy } of stories) {
      test(`${id} fires for ${fault}`, () => {
        const on = alarmedMinutes(alarm, broken(resources), minutes);
        expect(ranges(on.filter((minute) => minute >= onBy && minute <= until))).toEqual([[onBy, until]]);
        expect(ranges(on.filter((minute) => minute >= offFrom))).toEqual([]);
      });

      test.each(Object.entries(healthy))(`${id} is quiet with %s`, (_, world) => {
        expect(ranges(alarmedMinutes(alarm, world(resources), minutes))).toEqual([]);
      });
    }
});

describe('by construction', () => {
  const watching = (dimension: string, value: string): readonly AlarmMetric[] =>
    alarms.flatMap(({ alarm }) => metricsOf(alarm)).filter(({ dimensions }) => dimensions[dimension] === value);

  test('each queue has an alarm for its age, and each dead-letter queue one for its messages, visible or in flight', () => {
    const queues = ofType('AWS::SQS::Queue').map(({ properties }) => String(properties['QueueName']));
    expect(queues.length).toBeGreaterThanOrEqual(12);
    for (const queue of queues) {
      const metrics = watching('QueueName', `${queue}.QueueName`).map(({ name }) => name);
      const expected = /dead-letter/.test(queue)
        ? ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible']
        : ['ApproximateAgeOfOldestMessage'];
      expect(metrics).toEqual(expect.arrayContaining(expected));
    }
  });

  test('each function has an alarm for its errors, and a metric filter counts its faults', () => {
    const functions = ofType('AWS::Lambda::Function');
    const filters = ofType('AWS::Logs::MetricFilter').map(({ properties }) => JSON.stringify(properties));
    expect(functions.length).toBeGreaterThanOrEqual(6);
    for (const { id, properties } of functions) {
      expect(watching('FunctionName', id).map(({ name }) => name)).toContain('Errors');
      const group = (properties['LoggingConfig'] as { readonly LogGroup: string }).LogGroup;
      expect(filters.filter((filter) => filter.includes(group) && filter.includes('fault'))).not.toEqual([]);
    }
  });

  test('each schedule has an alarm for the case that it does not run', () => {
    const scheduled = ofType('AWS::Events::Rule').flatMap(({ properties }) =>
      properties['ScheduleExpression'] === undefined ? [] : (properties['Targets'] as readonly { readonly Arn: string }[]),
    );
    expect(scheduled).toHaveLength(3);
    for (const { Arn: arn } of scheduled)
      expect(watching('FunctionName', arn.split('/').at(-1) ?? '').map(({ name }) => name)).toContain('Invocations');
  });

  test('each metric of log lines has an alarm, except those that need no action', () => {
    const counted = ofType('AWS::Logs::MetricFilter').map(
      ({ properties }) => (properties['MetricTransformations'] as readonly [{ readonly MetricName: string }])[0].MetricName,
    );
    const watched = new Set(alarms.flatMap(({ alarm }) => metricsOf(alarm)).map(({ name }) => name));
    expect([...new Set(counted)].filter((name) => !watched.has(name))).toEqual(['steps-handler-failed', 'late', 'payments-handler-failed']);
  });
});

describe('docs/operations.md', () => {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [, table = ''] = /^\| alarm \| meaning[^\n]*\n([\s\S]*?)\n\n/m.exec(page) ?? [];
  const named = table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\S+)`/g)].map(([, name = '']) => name));

  /** The name on the page: without the ids of the constructs, and with `…` for the name of a service or a rule. */
  const nameOf = (id: string): string =>
    id
      .replace(/^Trips(?=[A-Z])/, '')
      .replace(/^Payments(?=ErrorsAlarm)/, '…')
      .replace(/^Payments[a-z]+(?=faultalarm)/, '……')
      .replace(/^(Services|Rules)[a-z-]+/, '$1…');

  test('has a row for each alarm that the constructs make, and no other', () => {
    const made = [...new Set(alarms.map(({ id }) => nameOf(id)))].toSorted();
    expect(named.toSorted(), 'Add the alarm to the table "From an alarm to a command" of docs/operations.md').toEqual(made);
  });
});

test('the age of the oldest message does not show a service that fails every command, so Unfinished is an alarm of its own', () => {
  const story = STORIES.find(({ alarm }) => alarm.test('UnfinishedAlarm'));
  const age = told.find(({ id }) => /Services\w+AgeAlarm/.test(id));
  expect(alarmedMinutes((age as (typeof told)[0]).alarm, (story as (typeof STORIES)[0]).broken(resources), 180)).toEqual([]);
});
