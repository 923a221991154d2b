import { expect, test } from 'vitest';
import { feedInbox } from './inbox-batch.ts';
import { fuzz } from './fuzz.ts';
import { InboxWorld, START } from './inbox-world.ts';
import { inputsOf, timeoutMs } from './plan.ts';
import { bus } from './right-messages.ts';

test(
  `the inbox: of ${inputsOf('inbox')} messages no broken one changes anything, is lost, or ends its batch`,
  async () => {
    await expect(fuzz('inbox', (choices) => feedInbox(choices, false))).resolves.toBeUndefined();
  },
  timeoutMs('inbox'),
);

test(
  `the inbox of the deployed function: of ${inputsOf('inbox of the deployed function')} messages no broken one changes anything, is lost, or ends its batch`,
  async () => {
    await expect(fuzz('inbox of the deployed function', (choices) => feedInbox(choices, true))).resolves.toBeUndefined();
  },
  timeoutMs('inbox of the deployed function'),
);

test.each([false, true])('a right event is applied, so that the comparison is meaningful (deployed: %s)', async (deployed) => {
  const world = new InboxWorld({ deployed });
  const body = JSON.stringify(bus('shop.placed', 'shop', { orderId: 'o-1' }));
  await world.deliver([{ id: 'm1', body, sentAt: START, receiveCount: 1 }]);
  expect([...world.heads.keys()]).toContain('default#fulfil#o-1');
  expect(world.parked).toEqual([]);
});
