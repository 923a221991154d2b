import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { inputsOf, timeoutMs } from './plan.ts';
import { feedService } from './service-batch.ts';

test(
  `the queue of a service: of ${inputsOf('queue of a service')} messages no broken one runs a handler, is answered, or is lost`,
  async () => {
    await expect(fuzz('queue of a service', (choices) => feedService(choices, false))).resolves.toBeUndefined();
  },
  timeoutMs('queue of a service'),
);

test(
  `the function of a service: of ${inputsOf('function of a service')} messages no broken one runs a handler, is answered, or is lost`,
  async () => {
    await expect(fuzz('function of a service', (choices) => feedService(choices, true))).resolves.toBeUndefined();
  },
  timeoutMs('function of a service'),
);
