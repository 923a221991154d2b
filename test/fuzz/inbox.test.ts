import { expect, it } from 'vitest';
import { feedInbox } from './inbox-batch.ts';
import { fuzz } from './fuzz.ts';
import { inputsOf, timeoutMs } from './plan.ts';

it(
  `the inbox: of ${inputsOf('inbox')} messages no broken one changes anything, is lost, or ends its batch`,
  async () => {
    await expect(fuzz('inbox', (choices) => feedInbox(choices, false))).resolves.toBeUndefined();
  },
  timeoutMs('inbox'),
);

it(
  `the inbox of the deployed function: of ${inputsOf('inbox of the deployed function')} messages no broken one changes anything, is lost, or ends its batch`,
  async () => {
    await expect(fuzz('inbox of the deployed function', (choices) => feedInbox(choices, true))).resolves.toBeUndefined();
  },
  timeoutMs('inbox of the deployed function'),
);
