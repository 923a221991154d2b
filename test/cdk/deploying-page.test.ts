import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { flights, hotels, notifications, payments } from '../../examples/travel-booking/contracts.ts';
import { PRICES } from '../../bench/prices.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { metricsOf, type AlarmProperties } from './alarms/alarm-states.ts';
import { resourcesOf, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const readPage = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
const page = readPage('deploying');

describe('the apps of docs/deploying.md, docs/consuming-events.md and docs/console.md', () => {
  const blocks = [...(page + readPage('consuming-events') + readPage('console')).matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
    ([, name = '', code = '']) => ({ name, code }),
  );
  process.env['CDK_CONTEXT_JSON'] = '{"aws:cdk:bundling-stacks":[]}';

  test.each(blocks)('$name equals the compiled file, which runs', async ({ name, code }) => {
    const file = new URL(`./documented/${name}`, import.meta.url);
    const written = readFileSync(file, 'utf8')
      .replaceAll('../../../examples/travel-booking/', './')
      .replaceAll('examples/travel-booking/', 'trips/')
      .replaceAll('test/cdk/documented/', 'console/');
    expect(code).toBe(written);
    await import(file.href);
  });

  test('the pages have these apps and modules', () => {
    expect(blocks.map(({ name }) => name)).toEqual([
      'app.ts',
      'steps.ts',
      'service-stack.ts',
      'other-account.ts',
      'admitting-account.ts',
      'shared-service.ts',
      'sources.ts',
      'consumer.ts',
      'console-app.ts',
      'authorizer.ts',
    ]);
  });
});

describe('the cost at rest', () => {
  const MINUTES = 730 * 60;
  const FIFO_PER_MILLION = 0.5;
  const ALARM = 0.1;
  const SWEEP_SECONDS = 0.1;
  const DUE_SHARDS = 16;

  /** Lambda polls an empty queue with five concurrent long polls of 20 seconds, or with two if the queue has no maximum of copies. */
  const polling = (resources: readonly Resource[]): number =>
    resources
      .filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
      .map(({ properties }) => {
        const polls = (properties['ScalingConfig'] === undefined ? 2 : 5) * 3 * MINUTES;
        const perMillion = String(properties['EventSourceArn']).endsWith('.fifo') ? FIFO_PER_MILLION : PRICES.queueRequest.usdPerMillion;
        return (polls * perMillion) / 1e6;
      })
      .reduce((sum, each) => sum + each, 0);
  /** AWS charges an alarm once for each of its metrics. */
  const alarms = (resources: readonly Resource[]): number =>
    ALARM *
    resources
      .filter(({ type }) => type === 'AWS::CloudWatch::Alarm')
      .reduce((sum, { properties }) => sum + metricsOf(properties as unknown as AlarmProperties).length, 0);
  const sweeping =
    (MINUTES *
      (PRICES.functionRequest.usdPerMillion +
        SWEEP_SECONDS * 0.5 * PRICES.gigabyteSecond.usdPerMillion +
        (DUE_SHARDS / 2) * PRICES.readUnit.usdPerMillion)) /
    1e6;

  const alone = testStack();
  tripsOrchestrator(alone);
  const whole = testStack();
  const orchestrator = tripsOrchestrator(whole);
  for (const service of [payments, flights, hotels, notifications])
    new ServiceFunction(whole, service['~'].name, { orchestrator, service, entry: 'x' });
  const [few, all] = [resourcesOf(alone), resourcesOf(whole)];

  test('the page has the share of the step runner', () => {
    const without = testStack();
    tripsOrchestrator(without, { steps: false });
    const none = resourcesOf(without);
    const [polls, watched] = [polling(few) - polling(none), alarms(few) - alarms(none)];
    const usd = (amount: number): string => `$${amount.toFixed(2)}`;
    const sentence = `The step runner has ${usd(polls + watched)} of each sum, ${usd(polls)} for its queue and ${usd(watched)} for its alarms`;
    expect(page.replaceAll('\n', ' ')).toContain(sentence);
  });

  test.each([
    ['polls of empty queues', polling(few), polling(all)],
    ['alarms', alarms(few), alarms(all)],
    ['the sweep of every minute', sweeping, sweeping],
    ['**sum**', polling(few) + alarms(few) + sweeping, polling(all) + alarms(all) + sweeping],
  ])('the page has the sum of the templates: %s', (what, orchestratorAlone, withServices) => {
    const row = page.split('\n').find((line) => line.startsWith(`| ${what} | $`));
    expect(row).toContain(`| $${orchestratorAlone.toFixed(2)} | $${withServices.toFixed(2)} |`);
  });
});
