import { createHash, randomUUID } from 'node:crypto';
import type { Context } from '../iam/condition.ts';
import { decide, type Asked, type Principal, type Statement } from '../iam/decide.ts';
import { ACCOUNT, REGION, type Resource } from '../synthesized.ts';
import { askedBy, type Call, type Place } from './asked-by.ts';
import type { Item } from './expression.ts';
import { CallError, Table, type TableInput, type TableProperties } from './table.ts';
import { matchesPattern, queueArn, resourcePolicies, rolesOf, rulesOf, type DeployedRule, type Role } from './template.ts';

export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  readonly sender: string;
  readonly delaySeconds: number;
  receives: number;
}

export interface SentMessage {
  readonly queue: string;
  readonly body: string;
  /** The role, or the service, that sent it. */
  readonly sender: string;
}

/** A call that IAM refused. */
export interface Refusal {
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly leading: unknown;
  readonly why: string;
}

/** The part of a statement that allowed a call. */
export interface Use {
  readonly statement: string;
  readonly action: string;
  readonly resource: string;
}

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
}

/**
 * An AWS account in memory with the resources of a template. IAM decides on every call. The access key of a call is the logical id of its
 * role. The account emulates the operations that Tutti uses, and refuses all others.
 */
export class AwsAccount {
  readonly refused: Refusal[] = [];
  readonly used: Use[] = [];
  /** All events that were put on the bus. */
  readonly published: Readonly<Record<string, unknown>>[] = [];
  /** An operation that fails for now, as during an outage of its service. */
  outage: string | undefined;
  /** Every message that was ever put into a queue. */
  readonly sent: SentMessage[] = [];
  readonly queues = new Map<string, QueuedMessage[]>();
  readonly objects = new Map<string, string>();
  readonly tables: ReadonlyMap<string, Table>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly #policies: ReadonlyMap<string, readonly Statement[]>;
  readonly #rules: readonly DeployedRule[];
  readonly #parameters: Map<string, string>;
  readonly #place: Place;

  constructor(resources: readonly Resource[]) {
    const ofType = (type: string): readonly Resource['properties'][] =>
      resources.filter((each) => each.type === type).map(({ properties }) => properties);
    this.tables = new Map(
      ofType('AWS::DynamoDB::GlobalTable').map((properties) => {
        const table = new Table(properties as unknown as TableProperties);
        return [table.name, table];
      }),
    );
    for (const { QueueName } of ofType('AWS::SQS::Queue') as readonly { readonly QueueName: string }[]) this.queues.set(QueueName, []);
    this.roles = new Map(rolesOf(resources).map((role) => [role.id, role]));
    this.#policies = resourcePolicies(resources);
    this.#rules = rulesOf(resources);
    this.#parameters = new Map(ofType('AWS::SSM::Parameter').map(({ Name, Value }) => [String(Name), String(Value)]));
    this.#place = { account: ACCOUNT, region: REGION, table: (name) => this.#table(name) };
  }

  /** In a template the URL of a queue is a reference to it; here it is the endpoint of the account. */
  place(endpoint: string): void {
    for (const [name, value] of this.#parameters) if (name.endsWith('-url')) this.#parameters.set(name, `${endpoint}/${ACCOUNT}/${value}`);
  }

  /** The response of a service; throws a `CallError` if the service refuses. */
  answer(call: Call, role: string): object {
    for (const asked of askedBy(call, this.#place)) this.#allow(asked, role);
    checkOwner(call);
    const answer = this.#answers[call.operation];
    if (call.operation === this.outage) throw new CallError('OutOfReach', `${call.operation} is not answered`);
    if (answer === undefined) throw new CallError('ValidationException', `No test expects ${call.operation}`);
    return answer(call.input as never, role);
  }

  /** Asks IAM as a service of AWS does that acts with a role, as Lambda when it reads a queue. */
  asServiceFor(role: string, action: string, resource: string): void {
    this.#allow({ action, resource, account: ACCOUNT, context: {} }, role);
  }

  /** Whether a role may make a call, which is not made. */
  mayCall(role: string, call: Call, context: Context = {}): boolean {
    return askedBy(call, this.#place).every(
      (asked) => this.#decide({ ...asked, context: { ...asked.context, ...context } }, this.#principal(role), role).allowed,
    );
  }

  /** Whether EventBridge may put what a rule has matched into a queue. */
  mayDeliver(rule: string, queue: string): boolean {
    const asked = { action: 'sqs:SendMessage', resource: queueArn(queue), account: ACCOUNT, context: { 'aws:SourceArn': rule } };
    return this.#decide(asked, { service: 'events.amazonaws.com' }, rule).allowed;
  }

  /** The logical id of the role that was made with this id. */
  roleOf(id: string): string {
    const found = [...this.roles.keys()].find((each) => each.includes(id));
    if (found === undefined) throw new RangeError(`There is no role ${id}`);
    return found;
  }

  /** Puts a message into a queue without a sender and without asking IAM. */
  enqueue(queue: string, body: string, sender = 'nobody', { delaySeconds = 0, receives = 0 } = {}): string {
    const id = randomUUID();
    this.sent.push({ queue, body, sender });
    this.#queue(queue).push({ id, body, sentAt: Date.now(), sender, delaySeconds, receives });
    return id;
  }

  /** Puts an event on the bus that the entry names, as it comes from `account`. @default every bus, where the test has one */
  publish(entry: Readonly<Record<string, string>>, account = ACCOUNT): void {
    const event = {
      version: '0',
      id: randomUUID(),
      'detail-type': entry['DetailType'],
      source: entry['Source'],
      account,
      time: new Date().toISOString(),
      region: REGION,
      resources: [],
      detail: JSON.parse(String(entry['Detail'])) as unknown,
    };
    this.published.push(event);
    const named = entry['EventBusName']?.split('/').at(-1);
    for (const rule of this.#rules.filter(({ bus, pattern }) => bus === (named ?? bus) && matchesPattern(pattern, event)))
      for (const queue of rule.queues) {
        const service: Principal = { service: 'events.amazonaws.com' };
        const asked = { action: 'sqs:SendMessage', resource: queueArn(queue), account: ACCOUNT, context: { 'aws:SourceArn': rule.arn } };
        if (this.#judged(asked, service, rule.arn)) this.enqueue(queue, JSON.stringify(event), 'events.amazonaws.com');
      }
  }

  readonly #answers: Readonly<Record<string, (input: never, role: string) => object>> = {
    GetItem: (input: TableInput & Named) => {
      const found = this.#table(input.TableName).get(input);
      return found === undefined ? {} : { Item: found };
    },
    BatchGetItem: ({
      RequestItems,
    }: {
      readonly RequestItems: Readonly<Record<string, TableInput & { readonly Keys: readonly Item[] }>>;
    }) => ({
      Responses: Object.fromEntries(
        Object.entries(RequestItems).map(([name, { Keys, ...others }]) => [
          name,
          Keys.flatMap((Key) => this.#table(name).get({ ...others, Key }) ?? []),
        ]),
      ),
      UnprocessedKeys: {},
    }),
    Query: (input: TableInput & Named) => ({ Items: this.#table(input.TableName).query(input) }),
    PutItem: (input: TableInput & Named) => {
      this.#table(input.TableName).put(input);
      return {};
    },
    UpdateItem: (input: TableInput & Named) => {
      const after = this.#table(input.TableName).update(input);
      return input.ReturnValues === 'UPDATED_NEW' ? { Attributes: after } : {};
    },
    DeleteItem: (input: TableInput & Named) => {
      this.#table(input.TableName).delete(input);
      return {};
    },
    // All conditions hold here: a transaction that fails half-way is not emulated.
    TransactWriteItems: ({ TransactItems }: { readonly TransactItems: readonly Readonly<Record<string, TableInput & Named>>[] }) => {
      for (const { Put, Update } of TransactItems) {
        if (Put) this.#table(Put.TableName).put(Put);
        if (Update) this.#table(Update.TableName).update(Update);
      }
      return {};
    },
    SendMessageBatch: ({ QueueUrl, Entries }: { readonly QueueUrl: string; readonly Entries: readonly Entry[] }, role: string) => ({
      Successful: Entries.map(({ Id, MessageBody, DelaySeconds }) => ({
        Id,
        MessageId: this.enqueue(nameOf(QueueUrl), MessageBody, role, { delaySeconds: DelaySeconds ?? 0 }),
        MD5OfMessageBody: md5(MessageBody),
      })),
      Failed: [],
    }),
    GetQueueAttributes: ({ QueueUrl }: { readonly QueueUrl: string }) => {
      const waiting = this.#queue(nameOf(QueueUrl));
      const delayed = waiting.filter(({ delaySeconds }) => delaySeconds > 0);
      return {
        Attributes: {
          ApproximateNumberOfMessages: String(waiting.length - delayed.length),
          ApproximateNumberOfMessagesDelayed: String(delayed.length),
          ApproximateNumberOfMessagesNotVisible: '0',
        },
      };
    },
    ChangeMessageVisibilityBatch: ({ Entries }: { readonly Entries: readonly Entry[] }) => ({
      Successful: Entries.map(({ Id }) => ({ Id })),
      Failed: [],
    }),
    DeleteMessageBatch: ({ Entries }: { readonly Entries: readonly Entry[] }) => ({
      Successful: Entries.map(({ Id }) => ({ Id })),
      Failed: [],
    }),
    ReceiveMessage: () => ({ Messages: [] }),
    PutEvents: ({ Entries }: { readonly Entries: readonly Readonly<Record<string, string>>[] }) => {
      for (const entry of Entries) this.publish(entry);
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) };
    },
    GetParametersByPath: ({ Path }: { readonly Path: string }) => ({
      Parameters: [...this.#parameters].filter(([name]) => name.startsWith(Path)).map(([Name, Value]) => ({ Name, Value })),
    }),
    GetCallerIdentity: (_input: unknown, role: string) => ({
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/session`,
      UserId: `AROA:${role}`,
    }),
    PutObject: ({ Bucket, Key, Body }: Readonly<Record<'Bucket' | 'Key' | 'Body', string>>) => {
      this.objects.set(`${Bucket}/${Key}`, Body);
      return {};
    },
    GetObject: (input: Readonly<Record<'Bucket' | 'Key', string>>, role: string) => ({ Body: this.#object(input, role) }),
    DeleteObject: ({ Bucket, Key }: Readonly<Record<'Bucket' | 'Key', string>>) => {
      this.objects.delete(`${Bucket}/${Key}`);
      return {};
    },
    ListObjectsV2: ({ Bucket, Prefix }: Readonly<Record<'Bucket' | 'Prefix', string>>) => ({
      Keys: [...this.objects.keys()].flatMap((key) => (key.startsWith(`${Bucket}/${Prefix}`) ? key.slice(Bucket.length + 1) : [])),
    }),
    PutObjectTagging: (input: Readonly<Record<'Bucket' | 'Key', string>>, role: string) => {
      this.#object(input, role);
      return {};
    },
  };

  /** Without the right to list the bucket S3 does not say that an object is missing (S3 API reference, GetObject: 403 instead of 404). */
  #object({ Bucket, Key }: Readonly<Record<'Bucket' | 'Key', string>>, role: string): string {
    const found = this.objects.get(`${Bucket}/${Key}`);
    if (found !== undefined) return found;
    this.#allow({ action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}`, account: ACCOUNT, context: {} }, role);
    throw new CallError('NoSuchKey', 'The specified key does not exist.', 404);
  }

  #allow(asked: Asked, role: string): void {
    if (this.#judged(asked, this.#principal(role), role)) return;
    const denied = `User: ${role} is not authorized to perform: ${asked.action} on resource: ${asked.resource}`;
    throw asked.action.startsWith('s3:') ? new CallError('AccessDenied', denied, 403) : new CallError('AccessDeniedException', denied);
  }

  #judged(asked: Asked, principal: Principal, who: string): boolean {
    const { allowed, by, why } = this.#decide(asked, principal, who);
    const { action, resource } = asked;
    if (allowed) for (const { name } of by) this.used.push({ statement: name, action, resource });
    else this.refused.push({ who, action, resource, leading: asked.context['dynamodb:LeadingKeys'], why });
    return allowed;
  }

  #decide(asked: Asked, principal: Principal, who: string): ReturnType<typeof decide> {
    const owner = asked.resource.startsWith('arn:aws:s3:::') ? (asked.resource.split('/')[0] as string) : asked.resource;
    return decide(asked, principal, {
      identity: this.roles.get(who)?.statements ?? [],
      resource: this.#policies.get(owner) ?? [],
    });
  }

  #principal(role: string): Principal {
    const found = this.roles.get(role);
    if (found === undefined) throw new CallError('UnrecognizedClientException', `There is no role ${role}`);
    return { arn: found.arn, account: ACCOUNT };
  }

  #table(name: string): Table {
    const table = this.tables.get(name);
    if (table) return table;
    throw new CallError('ResourceNotFoundException', `There is no table ${name}`);
  }

  #queue(name: string): QueuedMessage[] {
    const queue = this.queues.get(name);
    if (queue) return queue;
    throw new CallError('AWS.SimpleQueueService.NonExistentQueue', `There is no queue ${name}`);
  }
}

interface Named {
  readonly TableName: string;
}

/** All buckets are of this account. S3 takes a request that names no owner, which Tutti makes to no bucket. */
function checkOwner({ service, operation, input }: Call): void {
  if (service === 's3' && input['ExpectedBucketOwner'] !== ACCOUNT)
    throw new CallError('AccessDenied', `${operation} names ${String(input['ExpectedBucketOwner'])} as owner of the bucket`, 403);
}

const nameOf = (queueUrl: string): string => queueUrl.split('/').at(-1) as string;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
