import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { asciiJson, putOnBus } from './publish.ts';
import type { Deployment } from './deployment.ts';

/** A command of the wire contract, as any service receives it. */
export interface Command {
  readonly receipt: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Polls a service's queue once, by hand: the first command that is about that instance; others stay. */
export async function receiveCommand({ sqs, queueUrl }: Deployment, service: string, about: string): Promise<Command | undefined> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl(service), MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 2 }),
  );
  return Messages.map(({ ReceiptHandle, Body }): Command => ({ receipt: ReceiptHandle!, body: JSON.parse(Body!) })).find(({ body }) =>
    String(body['id']).startsWith(about),
  );
}

/** The reply of a service, with the attributes that the wire contract copies from the command. */
export const replyTo = (
  command: Command,
  outcome: string,
  data: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => {
  const { id, type, datahash, attempt, replyto, replytoken, subject, hops } = command.body;
  return {
    specversion: '1.0',
    id: `${String(id)}:${outcome}`,
    source: String(type).split('.')[0],
    type: `${String(type)}.${outcome}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    subject,
    commandid: id,
    commandhash: datahash,
    attempt,
    outcome,
    replyto,
    replytoken,
    hops,
    data,
    ...more,
  };
};

export const publishReply = (deployment: Deployment, reply: Readonly<Record<string, unknown>>): Promise<void> =>
  putOnBus(deployment, { source: String(reply['source']), type: String(reply['type']), detail: asciiJson(reply) });

export async function acknowledge({ sqs, queueUrl }: Deployment, service: string, command: Command): Promise<void> {
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl(service), ReceiptHandle: command.receipt }));
}

export async function sendTo({ sqs }: Deployment, queueUrl: string, body: string): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
}

/** The number of messages of a queue: visible, in flight and delayed. */
export async function messagesIn({ sqs }: Deployment, queueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }));
  const count = (kind: '' | 'NotVisible' | 'Delayed'): number => Number(Attributes[`ApproximateNumberOfMessages${kind}`] ?? 0);
  return count('') + count('NotVisible') + count('Delayed');
}
