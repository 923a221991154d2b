import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  DeleteRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll } from 'vitest';
import { eventPublisherContract, type Bus } from '../../contracts/event-publisher.contract.ts';
import { EventBridgeEventPublisher } from '../../../lib/adapters/eventbridge/event-publisher.ts';
import { SqsMessageQueue } from '../../../lib/adapters/sqs/message-queue.ts';
import { createQueue, eventBridge, queueArn, sqs, uniqueName } from '../localstack-clients.ts';

eventPublisherContract('eventbridge', makeBus);

const buses: string[] = [];

afterAll(async () => {
  for (const EventBusName of buses) {
    await eventBridge.send(new RemoveTargetsCommand({ EventBusName, Rule: 'inbox', Ids: ['inbox'] }));
    await eventBridge.send(new DeleteRuleCommand({ EventBusName, Name: 'inbox' }));
    await eventBridge.send(new DeleteEventBusCommand({ Name: EventBusName }));
  }
});

/** A bus with one rule, which routes the events that the system `trips` subscribes to, and replies to it, to a queue. */
async function makeBus(): Promise<Bus> {
  const busName = uniqueName('contract');
  await eventBridge.send(new CreateEventBusCommand({ Name: busName }));
  buses.push(busName);
  const queueUrl = await createQueue(`${busName}-inbox`);
  const EventPattern = JSON.stringify({ $or: [{ 'detail-type': ['trips.asked'] }, { detail: { replyto: ['trips'] } }] });
  await eventBridge.send(new PutRuleCommand({ EventBusName: busName, Name: 'inbox', EventPattern }));
  await eventBridge.send(
    new PutTargetsCommand({ EventBusName: busName, Rule: 'inbox', Targets: [{ Id: 'inbox', Arn: await queueArn(queueUrl) }] }),
  );
  const queue = new SqsMessageQueue({ client: sqs, queueUrl });
  return { publisher: new EventBridgeEventPublisher({ client: eventBridge, busName }), inbox: () => drain(queue), keepsOrder: false };
}

/** All that comes until nothing has come for a second: the suite also asks whether something comes twice. */
async function drain(queue: SqsMessageQueue): Promise<string[]> {
  const bodies: string[] = [];
  for (let quiet = false; !quiet;) {
    const messages = await queue.receive({ max: 10, waitSeconds: bodies.length === 0 ? 10 : 1, visibilitySeconds: 60 });
    quiet = messages.length === 0;
    bodies.push(...messages.map(({ body }) => body));
  }
  return bodies;
}
