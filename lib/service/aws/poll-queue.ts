import { Consumer } from '../consumer/consumer.ts';
import { deployedPorts } from './deployed-ports.ts';
import type { PollOptions, Served } from '../served.ts';

/** Polls a queue of SQS until the signal aborts and all that was in hand has ended or is given back. */
export function pollQueue(served: Served, { queueUrl, signal }: PollOptions): Promise<void> {
  return new Consumer(deployedPorts(served, queueUrl, process.env)).poll(signal ?? new AbortController().signal);
}
