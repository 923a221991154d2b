import { Consumer } from '../consumer/consumer.ts';
import { deployedPorts } from './deployed-ports.ts';
import type { PollOptions, Served } from '../served.ts';

/** Polls an SQS queue until the signal aborts and each message in flight has its reply or was returned to the queue. */
export function pollQueue(served: Served, { queueUrl, signal }: PollOptions): Promise<void> {
  return new Consumer(deployedPorts(served, queueUrl, process.env)).poll(signal ?? new AbortController().signal);
}
