import type { JsonSchema } from './json-schema.ts';
import { answerPath, commandMessagePath, eventMessagePath, replyMessagePath } from './message-schemas.ts';
import type { CommandContract, EventContract, ServiceContract, SystemContract } from '../runtime-contract.ts';

/** The names of the bus and the queues of a deployment. */
export interface Places {
  readonly bus: string;
  readonly queue: (service: string) => string;
  readonly deadLetter: (queue: string) => string;
}

const BUS = 'bus';
const SCHEMA_FORMAT = 'application/schema+json;version=draft-2020-12';
/** The visibility timeout that the constructs set on the queue of a service. */
const VISIBILITY_SECONDS = 60;

/** The AsyncAPI 3 document of a system from the view of the orchestrator, which sends commands and receives replies. */
export function asyncApi(system: SystemContract, places: Places): JsonSchema {
  return {
    asyncapi: '3.0.0',
    id: `tutti://${system.name}`,
    info: {
      title: system.name,
      version: '1.0.0',
      description:
        'The messages that the orchestrator of this system sends and receives. A service does the reverse: it receives its commands and sends their replies. docs/wire.md of Tutti describes the protocol.',
    },
    defaultContentType: 'application/json',
    servers: { eventbridge: server('events', 'eventbridge'), sqs: server('sqs', 'sqs') },
    channels: sorted([
      [BUS, busChannel(system, places)],
      ...[...system.services.values()].map((service): Entry => [service.name, queueChannel(service, places)]),
    ]),
    operations: sorted([...eventOperations(system), ...[...system.commands.values()].map(commandOperation)]),
    components: { messages: sorted(messages(system)) },
  };
}

type Entry = readonly [string, JsonSchema];

function sorted(entries: readonly Entry[]): JsonSchema {
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function server(prefix: string, protocol: string): JsonSchema {
  return {
    host: `${prefix}.{region}.amazonaws.com`,
    protocol,
    variables: { region: { description: 'The AWS region of the deployment.' } },
  };
}

function eventKey(type: string): string {
  return `${type}.event`;
}
function commandKey(name: string): string {
  return `${name}.command`;
}
function replyKey(name: string): string {
  return `${name}.reply`;
}

function channelMessages(keys: readonly string[]): JsonSchema {
  return Object.fromEntries(keys.toSorted().map((key) => [key, { $ref: `#/components/messages/${key}` }]));
}

function busChannel(system: SystemContract, { bus }: Places): JsonSchema {
  return {
    address: bus,
    title: 'The bus',
    description: 'An EventBridge bus. A message is the Detail of an entry; Source is its source, DetailType its type.',
    servers: [{ $ref: '#/servers/eventbridge' }],
    messages: channelMessages([...[...system.events.keys()].map(eventKey), ...[...system.commands.keys()].map(replyKey)]),
    'x-eventbridge': { eventBusName: bus, source: '$message.payload#/source', detailType: '$message.payload#/type' },
  };
}

function queueChannel({ name, commands }: ServiceContract, { queue, deadLetter }: Places): JsonSchema {
  const address = queue(name);
  return {
    address,
    title: `The queue of ${name}`,
    description: 'A standard SQS queue. A message is the body; its MessageGroupId is the tenant or the process, for fair queues.',
    servers: [{ $ref: '#/servers/sqs' }],
    messages: channelMessages([...commands.keys()].map(commandKey)),
    bindings: {
      sqs: {
        queue: { name: address, fifoQueue: false, visibilityTimeout: VISIBILITY_SECONDS },
        deadLetterQueue: { name: deadLetter(address), fifoQueue: false },
        bindingVersion: '0.2.0',
      },
    },
  };
}

/** An event that one process publishes and another receives has both operations. */
function eventOperations(system: SystemContract): readonly Entry[] {
  const processes = [...system.processes.values()].flat();
  const received = processes.flatMap(({ startOn, receives }) => [...startOn, ...receives].map(({ event }) => event.type));
  const published = processes.flatMap(({ publishes }) => [...publishes.keys()]);
  return [
    ...received.map((type): Entry => [`receive.${type}`, operation('receive', BUS, eventKey(type))]),
    ...published.map((type): Entry => [`send.${type}`, operation('send', BUS, eventKey(type))]),
  ];
}

function commandOperation({ name, service, about }: CommandContract): Entry {
  const reply = { channel: channelRef(BUS), messages: [messageRef(BUS, replyKey(name))] };
  return [`send.${name}`, { ...operation('send', service, commandKey(name)), ...(about !== undefined && { description: about }), reply }];
}

function operation(action: 'send' | 'receive', channel: string, message: string): JsonSchema {
  return {
    action,
    channel: channelRef(channel),
    messages: [messageRef(channel, message)],
  };
}

function channelRef(channel: string): JsonSchema {
  return { $ref: `#/channels/${channel}` };
}
function messageRef(channel: string, message: string): JsonSchema {
  return { $ref: `#/channels/${channel}/messages/${message}` };
}

function messages(system: SystemContract): readonly Entry[] {
  return [
    ...[...system.events.values()].map((event): Entry => [eventKey(event.type), eventMessage(event)]),
    ...[...system.commands.values()].flatMap(({ name, about }): Entry[] => [
      [commandKey(name), { ...message(name, commandMessagePath(name), 'id'), ...(about !== undefined && { description: about }) }],
      [replyKey(name), message(`${name}, reply`, replyMessagePath(name), 'commandid')],
    ]),
  ];
}

/** No message carries the answer of an event: the journal of the instance holds it, and `client.ask` returns it. */
function eventMessage({ answer, ...event }: EventContract): JsonSchema {
  const { type } = event;
  return {
    ...message(type, eventMessagePath(type), 'id'),
    ...(answer !== undefined && { 'x-answer': { $ref: `./${answerPath({ ...event, answer })}` } }),
  };
}

function message(title: string, path: string, correlatedBy: string): JsonSchema {
  return {
    name: title,
    title,
    contentType: 'application/json',
    correlationId: { location: `$message.payload#/${correlatedBy}` },
    payload: { schemaFormat: SCHEMA_FORMAT, schema: { $ref: `./${path}` } },
  };
}
