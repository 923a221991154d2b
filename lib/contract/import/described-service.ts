import { isEventType, isKebabName, isVerb } from '../name.ts';
import { child, children, Documents, faultAt, isNode, valueText, type Place } from './documents.ts';
import { camelCase, kebabCase } from './typescript-text.ts';

/** A service as an AsyncAPI document describes it. A list of places has one schema for each version of the data. */
export interface DescribedService {
  readonly name: string;
  readonly commands: readonly DescribedCommand[];
  readonly events: readonly DescribedEvent[];
  /** `tutti contracts export` wrote the document. */
  readonly exported: boolean;
  /** Messages that are left out or read under another name, one sentence each. */
  readonly notes: readonly string[];
}

export interface DescribedCommand {
  readonly verb: string;
  readonly about: string | undefined;
  readonly input: readonly Place[];
  /** The output, or the type of the event that is the output. @default the command has no output */
  readonly output?: readonly Place[] | string;
  readonly errors: ReadonlyMap<string, Place>;
}

export interface DescribedEvent {
  readonly type: string;
  readonly about: string | undefined;
  readonly data: readonly Place[];
}

/** A message of the document, with the operations that use it. */
interface Message {
  readonly name: string;
  readonly place: Place;
  /** The service receives it: a command, or an event of others. */
  received: boolean;
  /** The replies to it, in the order of the document. */
  readonly replies: Message[];
  /** It is the reply to another message. */
  isReply: boolean;
}

/**
 * Reads the commands and the events of a service from an AsyncAPI document of version 2 or 3.
 * In: the document and the name of the service. Out: places of schemas. Trunk: `messagesOf` collects messages with their operations, by name;
 * `commandOf` and `eventsOf` give them their roles; `versionsIn` finds the data in an envelope. Throws `CONTRACT_INVALID`.
 *
 * A message is found by its name: `S.verb` or `S.verb.command` is the input of a command; `S.verb.completed` or `.reply` its output;
 * `S.verb.failed.Error` or `.error.Error` a declared error; `S.event-name` an event. In AsyncAPI 3, `reply` of an operation says which
 * messages answer it, so their names are free, and `x-tutti-error` names the error that a reply declares.
 */
export function describedService(documents: Documents, file: string, name: string): DescribedService {
  if (!isKebabName(name))
    throw faultAt(
      { file, at: '', value: undefined },
      `to be imported as ${valueText(name)}`,
      'the name of a service in kebab-case',
      'Pass the name with --service.',
    );
  const reader = new DocumentReading(documents, documents.root(file), name);
  return reader.service();
}

class DocumentReading {
  readonly #documents: Documents;
  readonly #root: Place;
  readonly #service: string;
  readonly #messages = new Map<string, Message>();
  readonly #notes = new Set<string>();

  constructor(documents: Documents, root: Place, service: string) {
    this.#documents = documents;
    this.#root = root;
    this.#service = service;
  }

  service(): DescribedService {
    this.#collect();
    const own = [...this.#messages.values()].filter((message) => this.#isOwn(message));
    const inputs = own.filter((message) => message.received && !message.isReply && this.#roleOf(message) === 'input');
    const commands = inputs.map((input) => this.#commandOf(input));
    const outputs = new Set(commands.flatMap(({ output }) => (typeof output === 'string' ? [output] : [])));
    const events = own.filter((message) => this.#isEvent(message, outputs)).map((message) => this.#eventOf(message));
    for (const type of outputs)
      if (!events.some((event) => event.type === type))
        throw faultAt(
          this.#root,
          `without the event ${type}`,
          'a message of that name, since a reply is this event',
          'Add the message of the event.',
        );
    const others = [...this.#messages.values()].filter((message) => !this.#isOwn(message)).map(({ name }) => name);
    if (others.length > 0) this.#notes.add(`messages that are not of ${this.#service} were left out: ${others.join(', ')}`);
    if (commands.length === 0 && events.length === 0)
      throw faultAt(
        this.#root,
        `a document with messages of ${[...new Set([...this.#messages.keys()].map((name) => name.split('.')[0]))].join(', ') || 'no owner'}`,
        `messages of the service ${this.#service}, named ${this.#service}.verb, or operations that receive a message and reply`,
        'Name the service as the document does with --service, or name the messages.',
      );
    return { name: this.#service, commands, events, exported: this.#isOfOrchestrator(), notes: [...this.#notes] };
  }

  #collect(): void {
    const { value } = this.#root;
    // An event that is only the output of a command has no operation in an export.
    for (const [key, place] of children(child(child(this.#root, 'components'), 'messages')))
      if (key.endsWith('.event')) this.#messageOf(place);
    const version = isNode(value) ? value['asyncapi'] : undefined;
    if (typeof version === 'string' && version.startsWith('3.')) return this.#collectOperations(this.#isOfOrchestrator());
    if (typeof version === 'string' && version.startsWith('2.')) return this.#collectChannels();
    throw faultAt(
      child(this.#root, 'asyncapi'),
      valueText(version),
      'an AsyncAPI document of version 2 or 3',
      'Name the AsyncAPI document of the service.',
    );
  }

  /** The document that `tutti contracts export` writes has the view of the orchestrator, which sends what a service receives. */
  #isOfOrchestrator(): boolean {
    const id = (this.#root.value as Readonly<Record<string, unknown>>)['id'];
    return typeof id === 'string' && id.startsWith('tutti://');
  }

  #collectOperations(reversed: boolean): void {
    for (const [key, place] of children(child(this.#root, 'operations'))) {
      const operation = this.#documents.resolve(place);
      const action = child(operation, 'action');
      if (action.value !== 'send' && action.value !== 'receive')
        throw faultAt(action, valueText(action.value), 'send or receive', 'Correct the action of the operation.');
      const received = (action.value === 'receive') !== reversed;
      const reply = this.#documents.resolve(child(operation, 'reply'));
      const messages = this.#messagesOf(operation, key);
      const replies = reply.value === undefined ? [] : this.#messagesOf(reply, `${key}, reply`);
      for (const message of messages) this.#add(message, received, replies);
    }
  }

  /** `messages` of an operation or a reply, or all messages of its channel. */
  #messagesOf(operation: Place, what: string): readonly Place[] {
    const listed = children(child(operation, 'messages')).map(([, place]) => place);
    if (listed.length > 0) return listed;
    const channel = this.#documents.resolve(child(operation, 'channel'));
    if (channel.value === undefined)
      throw faultAt(operation, `the operation ${what} without a channel`, 'a channel or messages', 'Add the channel.');
    return children(child(channel, 'messages')).map(([, place]) => place);
  }

  /** In AsyncAPI 2 `publish` lists what others publish and the service receives. */
  #collectChannels(): void {
    for (const [, place] of children(child(this.#root, 'channels'))) {
      const channel = this.#documents.resolve(place);
      for (const action of ['publish', 'subscribe'] as const) {
        const message = child(child(channel, action), 'message');
        if (message.value === undefined) continue;
        const several = children(child(this.#documents.resolve(message), 'oneOf')).map(([, each]) => each);
        for (const each of several.length > 0 ? several : [message]) this.#add(each, action === 'publish', []);
      }
    }
  }

  #add(place: Place, received: boolean, replies: readonly Place[]): void {
    const message = this.#messageOf(place);
    message.received ||= received;
    for (const each of replies) {
      const reply = this.#messageOf(each);
      reply.isReply = true;
      if (!message.replies.includes(reply)) message.replies.push(reply);
    }
  }

  #messageOf(place: Place): Message {
    const target = this.#documents.resolve(place);
    const named = isNode(target.value) && typeof target.value['name'] === 'string' ? target.value['name'] : '';
    const key = target.at.split('/').at(-1)?.replaceAll('~1', '/').replaceAll('~0', '~') ?? '';
    // The titles of exported messages are no names: the key says more, such as hotels.book.command.
    const name = key.startsWith(`${this.#service}.`) || named === '' ? key : named;
    const known = this.#messages.get(name);
    if (known !== undefined) return known;
    const message: Message = { name, place: target, received: false, replies: [], isReply: false };
    this.#messages.set(name, message);
    return message;
  }

  /** The name without the service; undefined for a name of another owner. */
  #ownName({ name }: Message): string | undefined {
    if (name.startsWith(`${this.#service}.`)) return name.slice(this.#service.length + 1);
    return name.replace(ROLE, '').includes('.') ? undefined : name;
  }

  #isOwn(message: Message): boolean {
    return message.isReply || this.#ownName(message) !== undefined;
  }

  #roleOf(message: Message): 'input' | 'output' | 'error' | 'event' {
    const name = this.#ownName(message) ?? '';
    if (errorNameIn(message) !== undefined) return 'error';
    if (/\.(?:completed|reply|output)$/.test(name)) return 'output';
    return name.endsWith('.event') ? 'event' : 'input';
  }

  /** An event is the output of a command, or a message that the service sends and that is no reply. */
  #isEvent(message: Message, outputs: ReadonlySet<string>): boolean {
    if (outputs.has(this.#eventType(message))) return true;
    const role = this.#roleOf(message);
    if (message.isReply || role === 'output' || role === 'error') return false;
    return role === 'event' || !message.received;
  }

  #commandOf(input: Message): DescribedCommand {
    const verb = this.#verbOf(input);
    const name = `${this.#service}.${verb}`;
    const stem = (this.#ownName(input) as string).replace(/\.command$/, '');
    const named = [...this.#messages.values()].filter(
      (each) => this.#ownName(each)?.startsWith(`${stem}.`) === true && this.#roleOf(each) !== 'input' && this.#roleOf(each) !== 'event',
    );
    const replies = [...new Set([...input.replies, ...named])];
    const errors = new Map<string, Place>();
    let output: DescribedCommand['output'];
    for (const reply of replies) {
      const exported = this.#exportedReply(reply, name);
      const error = errorNameIn(reply);
      if (exported !== undefined) {
        for (const [type, place] of exported.errors) errors.set(type, place);
        output = exported.output;
      } else if (error !== undefined) errors.set(error, this.#payloadOf(reply));
      else if (output === undefined) output = this.#outputOf(reply);
      else
        throw faultAt(
          reply.place,
          `a second reply to ${name} that is no error`,
          'one output',
          'Put the alternatives into one schema with oneOf, or name the error with x-tutti-error.',
        );
    }
    const data = this.#versionsIn(this.#payloadOf(input));
    return { verb, about: aboutOf(input), input: data, ...(output !== undefined && { output }), errors };
  }

  /** A reply that is an event of the service has its name. */
  #outputOf(reply: Message): NonNullable<DescribedCommand['output']> {
    const isEventName = this.#ownName(reply) !== undefined && reply.name.startsWith(`${this.#service}.`) && isEventType(reply.name);
    return isEventName ? reply.name : this.#versionsIn(this.#payloadOf(reply));
  }

  #verbOf(input: Message): string {
    const name = (this.#ownName(input) as string).replace(/\.command$/, '');
    const verb = isVerb(name) ? name : camelCase(name);
    if (isVerb(verb)) return verb;
    throw faultAt(
      input.place,
      `a message of the name ${valueText(input.name)}`,
      `a name such as ${this.#service}.book`,
      'Rename the message.',
    );
  }

  #eventType(message: Message): string {
    const name = (this.#ownName(message) ?? message.name).replace(/\.event$/, '');
    return `${this.#service}.${isKebabName(name) ? name : kebabCase(name)}`;
  }

  #eventOf(message: Message): DescribedEvent {
    const type = this.#eventType(message);
    if (!isEventType(type))
      throw faultAt(
        message.place,
        `a message of the name ${valueText(message.name)}`,
        `a name such as ${this.#service}.room-booked`,
        'Rename the message.',
      );
    if (!message.name.startsWith(type)) this.#notes.add(`the message ${message.name} is read as the event ${type}`);
    return { type, about: aboutOf(message), data: this.#versionsIn(this.#payloadOf(message)) };
  }

  #payloadOf({ place }: Message): Place {
    const payload = child(place, 'payload');
    const schema = child(payload, 'schema');
    const format =
      payload.value !== undefined && schema.value !== undefined ? child(payload, 'schemaFormat') : child(place, 'schemaFormat');
    if (format.value !== undefined && !(typeof format.value === 'string' && /schema\+(?:json|yaml)|aai\.asyncapi/.test(format.value)))
      throw faultAt(format, valueText(format.value), 'a JSON Schema, or the schema of AsyncAPI', 'Describe the payload by a JSON Schema.');
    if (payload.value === undefined)
      throw faultAt(place, 'a message without a payload', 'a payload', 'Add its schema; null is { "type": "null" }.');
    return format.value !== undefined && schema.value !== undefined ? schema : payload;
  }

  /** The schemas of the data in a payload: of an envelope those of its `data`, one for each version; else the payload itself. */
  #versionsIn(payload: Place): readonly Place[] {
    const parts = this.#partsOf(payload).toReversed();
    for (const part of parts) {
      const several = children(child(part, 'oneOf')).map(([, place]) => this.#documents.resolve(place));
      if (several.length > 0 && several.every(hasVersion))
        return several.toSorted(byVersion).map((each) => child(child(each, 'properties'), 'data'));
      const isEnvelope = has(child(part, 'properties'), 'specversion');
      if (!isEnvelope && hasVersion(part)) return [child(child(part, 'properties'), 'data')];
    }
    const envelope = parts.find((part) => has(child(part, 'properties'), 'specversion'));
    if (envelope === undefined) return [payload];
    const data = child(child(envelope, 'properties'), 'data');
    if (data.value === undefined)
      throw faultAt(envelope, 'an envelope without data', 'a property data', 'Describe the data of the message.');
    return [data];
  }

  /** The schema and all members of its `allOf`, over references. */
  #partsOf(place: Place): readonly Place[] {
    const target = this.#documents.resolve(place);
    return [target, ...children(child(target, 'allOf')).flatMap(([, each]) => this.#partsOf(each))];
  }

  /** The output and the errors of a reply that `tutti contracts export` wrote: one alternative for each outcome. */
  #exportedReply(reply: Message, command: string): Pick<DescribedCommand, 'output' | 'errors'> | undefined {
    const target = this.#documents.resolve(this.#payloadOf(reply));
    const branches = children(child(target, 'oneOf')).map(([, place]) => this.#documents.resolve(place));
    const branchOf = (outcome: string): Place | undefined => branches.find((each) => constantOf(each, 'outcome') === outcome);
    const [completed, failed] = [branchOf('completed'), branchOf('failed')];
    if (completed === undefined || failed === undefined) return undefined;
    const type = constantOf(completed, 'type');
    const [only, ...others] = this.#versionsIn(completed);
    const output = others.length === 0 && isNothing(this.#documents.resolve(only as Place)) ? undefined : this.#versionsIn(completed);
    const errors = new Map<string, Place>();
    const failures = child(child(child(child(child(failed, 'allOf'), 0), 'else'), 'properties'), 'data');
    for (const [, place] of children(child(failures, 'oneOf'))) {
      const error = constantOf(place, 'type');
      if (typeof error === 'string') errors.set(error, child(child(place, 'properties'), 'data'));
    }
    const isEvent = typeof type === 'string' && type !== `${command}.completed`;
    const made = isEvent ? type : output;
    return { ...(made !== undefined && { output: made }), errors };
  }
}

/** The end of a name that says which part of a command a message is. */
const ROLE = /\.(?:command|completed|reply|output|event|(?:failed|error)\.[A-Za-z][\w-]*)$/;

function has({ value }: Place, key: string): boolean {
  return isNode(value) && value[key] !== undefined;
}

/** Whether a part of a message selects the data of one version. */
function hasVersion(part: Place): boolean {
  const properties = child(part, 'properties');
  return has(properties, 'data') && has(properties, 'dataversion');
}

function byVersion(one: Place, other: Place): number {
  return Number(constantOf(one, 'dataversion')) - Number(constantOf(other, 'dataversion'));
}

function constantOf(schema: Place, property: string): unknown {
  return child(child(child(schema, 'properties'), property), 'const').value;
}

function isNothing({ value }: Place): boolean {
  return isNode(value) && value['type'] === 'null';
}

/** The error that a message declares, by its extension or its name. */
function errorNameIn({ name, place }: Message): string | undefined {
  const extension = child(place, 'x-tutti-error').value;
  if (typeof extension === 'string') return extension;
  return /\.(?:failed|error)\.([A-Za-z][\w-]*)$/.exec(name)?.[1];
}

function aboutOf({ place }: Message): string | undefined {
  return [child(place, 'summary').value, child(place, 'description').value].find((each) => typeof each === 'string');
}
