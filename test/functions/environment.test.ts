import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../functions/orchestrator-environment.ts';
import { once } from '../../functions/once.ts';

const complete = {
  TUTTI_NAME: 'trips',
  TUTTI_TABLE: 'trips',
  TUTTI_BUS: 'trips',
  TUTTI_BUCKET: 'trips-payloads-1-eu',
  TUTTI_BUCKET_OWNER: '111111111111',
  TUTTI_INBOX_URL: 'https://sqs/1/trips-inbox',
  TUTTI_HOT_LANE_URL: 'https://sqs/1/trips-hot-lane.fifo',
  TUTTI_QUEUES: '{"flights":"https://sqs/2/flights"}',
  TUTTI_STEP_QUEUES: '{"pay":"steps-payments"}',
  TUTTI_ACCOUNTS: '{"own":"111111111111","services":{"flights":"222222222222"},"events":{}}',
};

describe('the environment of the functions', () => {
  test('the environment names the deployment and its resources', () => {
    expect(readEnvironment(complete)).toEqual({
      name: 'trips',
      table: 'trips',
      bus: 'trips',
      bucket: 'trips-payloads-1-eu',
      bucketOwner: '111111111111',
      inboxUrl: 'https://sqs/1/trips-inbox',
      hotLaneUrl: 'https://sqs/1/trips-hot-lane.fifo',
      queues: { flights: 'https://sqs/2/flights' },
      stepQueues: { pay: 'steps-payments' },
      absent: [],
      accounts: { own: '111111111111', services: { flights: '222222222222' }, events: {} },
      tickThresholdMs: 900_000,
    });
  });

  test('the steps of every process have the queue of steps unless the environment names another', () => {
    const { TUTTI_STEP_QUEUES: _, ...others } = complete;
    expect(readEnvironment(others).stepQueues).toEqual({});
  });

  test('a deployment without a step runner has no queue of steps', () => {
    expect(readEnvironment({ ...complete, TUTTI_STEPS: 'false' }).absent).toEqual(['steps']);
  });

  test('the environment may limit the starts of a tenant', () => {
    expect(readEnvironment(complete).startsPerMinute).toBeUndefined();
    expect(readEnvironment({ ...complete, TUTTI_STARTS_PER_MINUTE: '600' }).startsPerMinute).toBe(600);
  });

  test('the environment may limit the retention of closed instances', () => {
    expect(readEnvironment({ ...complete, TUTTI_RETENTION_DAYS: '30' }).retentionMs).toBe(30 * 86_400_000);
  });

  test.each([
    ['TUTTI_NAME', undefined, 'The environment variable TUTTI_NAME is not set: expected the name of the deployment.'],
    ['TUTTI_TABLE', '', 'The environment variable TUTTI_TABLE is not set: expected the name of the table.'],
    ['TUTTI_QUEUES', '["a"]', 'The environment variable TUTTI_QUEUES is "[\\"a\\"]": expected a JSON object of queue URLs by service.'],
    [
      'TUTTI_ACCOUNTS',
      '111',
      'The environment variable TUTTI_ACCOUNTS is "111": expected a JSON object { own, services, events } of account ids.',
    ],
    [
      'TUTTI_ACCOUNTS',
      '1,2',
      'The environment variable TUTTI_ACCOUNTS is "1,2": expected a JSON object { own, services, events } of account ids.',
    ],
    [
      'TUTTI_TICK_HORIZON_SECONDS',
      '-1',
      'The environment variable TUTTI_TICK_HORIZON_SECONDS is "-1": expected a whole number of seconds.',
    ],
  ])('the variable %s with the value %s is refused by name', (name, value, message) => {
    expect(() => readEnvironment({ ...complete, [name]: value })).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT_INVALID', message, retryable: false }),
    );
  });
});

describe('once', () => {
  test('once creates the value at the first call, keeps it, and tries again after a failure', () => {
    let calls = 0;
    const made = once(() => {
      calls += 1;
      if (calls === 1) throw new TypeError('not yet');
      return calls;
    });
    expect(made).toThrow('not yet');
    expect([made(), made()]).toEqual([2, 2]);
  });
});
