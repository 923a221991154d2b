import { expect, test } from 'vitest';
import { startLocal } from '../../lib/local/start-local.ts';
import { serve } from '../../lib/service/serve.ts';
import { JobWanted, jobs, work } from './watched-system.ts';

/** The first fault of `onFault` if the handler of the first job rejects with `thrown`, and that of the second with a bug. */
const firstFault = async (thrown: (retryAfter: (delay: '1 hour', reason: string) => Error) => unknown): Promise<unknown> => {
  let tell!: (fault: unknown) => void;
  const told = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const run = serve(work, {
    run: async ({ id }, task) => {
      if (id === 'first') throw thrown(task.retryAfter.bind(task));
      throw new TypeError('no such field');
    },
  });
  const { client, stop } = await startLocal(jobs, { services: [run], onFault: tell });
  await client.publish(JobWanted, { id: 'first', fate: 'fine', flag: '' });
  await client.publish(JobWanted, { id: 'second', fate: 'fine', flag: '' });
  const fault = await told;
  await stop();
  return fault;
};

test('an error of a handler is reported with the command and the place', async () => {
  expect(await firstFault(() => new RangeError('too many'))).toMatchObject({
    code: 'SERVICE_FAULT',
    retryable: true,
    message: expect.stringMatching(/^work, default#run-job#first\/[\w-]{22}\/\d+: its handler threw too many at .*service-fault\.test\.ts/),
    cause: new RangeError('too many'),
  });
});

test('a handler that asks to be run again later is no fault', async () => {
  expect(await firstFault((retryAfter) => retryAfter('1 hour', 'the airline is busy'))).toMatchObject({
    message: expect.stringContaining('#second/'),
  });
});
