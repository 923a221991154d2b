import { setTimeout as sleep } from 'node:timers/promises';
import { messageQueueContract, type Queues } from '../../contracts/message-queue.contract.ts';
import { SqsMessageQueue } from '../../../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../../../lib/adapters/sqs/message-sender.ts';
import { deploymentQueueUrls } from '../../../lib/adapters/sqs/queue-urls.ts';
import { createQueue, queueArn, sqs, uniqueName } from '../localstack-clients.ts';

messageQueueContract('sqs', queues, {
  visibilitySeconds: 2,
  momentMs: 1700,
  takesStaleHandles: 'A standard queue may take the handle of an earlier delivery, and LocalStack always does; see message-queue.test.ts.',
});

/** New queues, by the names of a deployment. */
async function queues(): Promise<Queues> {
  const name = uniqueName('contract');
  const deadUrl = await createQueue(`${name}-work-dead-letter`);
  const workUrl = await createQueue(`${name}-work`, {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await queueArn(deadUrl), maxReceiveCount: 3 }),
  });
  return {
    sender: new SqsMessageSender({ client: sqs, queueUrls: deploymentQueueUrls({ name, inboxUrl: workUrl }) }),
    work: new SqsMessageQueue({ client: sqs, queueUrl: workUrl }),
    dead: new SqsMessageQueue({ client: sqs, queueUrl: deadUrl }),
    // LocalStack looks once a second for what has become visible.
    pass: (milliseconds) => sleep(milliseconds + 1300),
  };
}
