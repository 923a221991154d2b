import { expect, test } from 'vitest';
import { deploymentQueueUrls } from '../../../lib/adapters/sqs/queue-urls.ts';

const here = 'https://sqs.eu-west-1.amazonaws.com/111122223333/';

test('the queues of a deployment are found by name', () => {
  const urls = deploymentQueueUrls({ name: 'trips', inboxUrl: `${here}trips-inbox` });
  expect(['inbox', 'hot-lane', 'payments', 'payments-dead-letter', 'inbox-dead-letter', 'hot-lane-dead-letter'].map(urls)).toEqual([
    `${here}trips-inbox`,
    `${here}trips-hot-lane.fifo`,
    `${here}trips-payments`,
    `${here}trips-payments-dead-letter`,
    `${here}trips-inbox-dead-letter`,
    `${here}trips-hot-lane-dead-letter.fifo`,
  ]);
});

test('a service in the map has its queue from there, and its dead-letter queue beside it', () => {
  const there = 'https://sqs.eu-west-1.amazonaws.com/444455556666/';
  const urls = deploymentQueueUrls({ name: 'trips', inboxUrl: `${here}trips-inbox`, queues: { flights: `${there}air` } });
  expect([urls('flights'), urls('flights-dead-letter'), urls('hotels')]).toEqual([
    `${there}air`,
    `${there}air-dead-letter`,
    `${here}trips-hotels`,
  ]);
});

test('a queue that the deployment does not have has no URL, so that a send to it fails for good', () => {
  const urls = deploymentQueueUrls({ name: 'trips', inboxUrl: `${here}trips-inbox`, absent: ['steps'] });
  expect([urls('steps'), urls('payments')]).toEqual([undefined, `${here}trips-payments`]);
});
