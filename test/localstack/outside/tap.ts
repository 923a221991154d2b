import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Deployment } from './deployment.ts';

/** An event as a subscriber receives it. */
export interface TappedEvent {
  readonly source: string;
  readonly type: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A queue of the test's own behind a rule that takes everything on the bus. */
export class Tap {
  readonly #deployment: Deployment;
  readonly #queueUrl: string;
  readonly #seen: TappedEvent[] = [];

  static async open(deployment: Deployment): Promise<Tap> {
    const { sqs, events, bus, name } = deployment;
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-tap` }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    const rule = { Name: `${name}-tap`, EventBusName: bus };
    await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: [{ prefix: '' }] }) }));
    await events.send(
      new PutTargetsCommand({ Rule: rule.Name, EventBusName: bus, Targets: [{ Id: 'tap', Arn: Attributes!['QueueArn'] }] }),
    );
    return new Tap(deployment, QueueUrl!);
  }

  private constructor(deployment: Deployment, queueUrl: string) {
    this.#deployment = deployment;
    this.#queueUrl = queueUrl;
  }

  /** All events so far. */
  async events(): Promise<readonly TappedEvent[]> {
    const { sqs } = this.#deployment;
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return this.#seen;
      for (const { Body } of Messages) {
        const { source, detail, 'detail-type': type } = JSON.parse(Body!);
        this.#seen.push({ source, type, detail });
      }
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }));
    }
  }
}
