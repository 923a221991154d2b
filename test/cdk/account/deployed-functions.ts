import { createRequire } from 'node:module';
import { ACCOUNT, REGION, type Resource } from '../synthesized.ts';
import type { AwsAccount, QueuedMessage } from './aws-account.ts';
import { functionsOf, queueArn, type DeployedFunction } from './template.ts';

type Handler = (
  event: unknown,
  context: object,
) => Promise<{ readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[] } | undefined>;

const load = createRequire(import.meta.url);

const BATCH = 10;
/** More than any test needs, and few enough to end a message that goes round. */
const ROUNDS_MAX = 200;

/** The functions of a template with their bundled code, called as Lambda calls them: with messages of their queues, in their environment, as their role. */
export class DeployedFunctions {
  readonly #account: AwsAccount;
  readonly #endpoint: string;
  readonly #functions: readonly DeployedFunction[];
  readonly #folderOf: (id: string) => string;
  readonly #handlers = new Map<string, Handler>();

  constructor(account: AwsAccount, endpoint: string, resources: readonly Resource[], folderOf: (id: string) => string) {
    this.#account = account;
    this.#endpoint = endpoint;
    this.#functions = functionsOf(resources);
    this.#folderOf = folderOf;
    // Lambda looks at the attributes of a queue when it begins to read it.
    for (const { role, queues } of this.#functions)
      for (const queue of queues) account.asServiceFor(role, 'sqs:GetQueueAttributes', queueArn(queue));
  }

  get roles(): readonly string[] {
    return this.#functions.map(({ role }) => role);
  }

  /** Each function gets a new environment, which has read nothing yet. */
  restart(): void {
    this.#handlers.clear();
    for (const file of Object.keys(load.cache)) if (file.includes('tutti-bundle-')) delete load.cache[file];
  }

  /** Calls the function whose id has this part, as its schedule does. */
  async tick(part: string): Promise<void> {
    await this.#call(this.#functions.find(({ id }) => id.includes(part)) as DeployedFunction, {});
  }

  /** Calls the function whose id has this part, as its URL does. Other functions may run while it waits for the outcome of an operation. */
  async request<R>(part: string, event: object): Promise<R> {
    return (await this.#call(this.#functions.find(({ id }) => id.includes(part)) as DeployedFunction, event)) as R;
  }

  /** Delivers the messages of the queues until only returned messages are left. Messages with a longer delay stay. */
  async run({ delayMax = 0, only = '' }: { readonly delayMax?: number; readonly only?: string } = {}): Promise<void> {
    const given = new Set<QueuedMessage>();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      let handed = 0;
      for (const made of this.#functions.filter(({ id }) => id.includes(only)))
        for (const queue of made.queues) {
          const waiting = (this.#account.queues.get(queue) ?? []).filter((each) => !given.has(each) && each.delaySeconds <= delayMax);
          const batch = waiting.slice(0, BATCH);
          if (batch.length === 0) continue;
          handed += batch.length;
          for (const each of batch) given.add(each);
          await this.#hand(made, queue, batch);
        }
      if (handed === 0) return;
    }
    throw new RangeError(`Messages go round: ${JSON.stringify([...this.#account.queues].map(([queue, { length }]) => [queue, length]))}`);
  }

  async #hand(made: DeployedFunction, queue: string, batch: readonly QueuedMessage[]): Promise<void> {
    this.#account.asServiceFor(made.role, 'sqs:ReceiveMessage', queueArn(queue));
    for (const message of batch) message.receives += 1;
    const answer = await this.#call(made, { Records: batch.map((message) => recordOf(queue, message)) });
    const failed = new Set(answer?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
    const done = new Set(batch.filter(({ id }) => !failed.has(id)));
    if (done.size > 0) this.#account.asServiceFor(made.role, 'sqs:DeleteMessage', queueArn(queue));
    const left = this.#account.queues.get(queue)?.filter((each) => !done.has(each)) ?? [];
    this.#account.queues.set(queue, left);
  }

  async #call(made: DeployedFunction, event: object): Promise<Awaited<ReturnType<Handler>>> {
    for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) this.#account.asServiceFor(made.role, action, made.logGroup);
    return inEnvironment(this.#environmentOf(made), () => this.#handlerOf(made)(event, { getRemainingTimeInMillis: () => 20_000 }));
  }

  #handlerOf({ id }: DeployedFunction): Handler {
    const known = this.#handlers.get(id);
    if (known) return known;
    const { handler } = load(this.#folderOf(id)) as { readonly handler: Handler };
    this.#handlers.set(id, handler);
    return handler;
  }

  #environmentOf({ id, role, environment }: DeployedFunction): Readonly<Record<string, string>> {
    // In the template a queue's URL is a reference to it.
    const urlOf = (queue: string): string => `${this.#endpoint}/${ACCOUNT}/${queue}`;
    const url = ([name, value]: readonly [string, string]): readonly [string, string] => {
      if (name.endsWith('_URL')) return [name, urlOf(value)];
      return name === 'TUTTI_SYSTEMS'
        ? [name, value.replaceAll(/"(queue|deadLetter)":"([^"]+)"/g, (_, at, queue) => `"${at}":"${urlOf(queue)}"`)]
        : [name, value];
    };
    return {
      ...Object.fromEntries(Object.entries(environment).map(url)),
      AWS_REGION: REGION,
      LAMBDA_TASK_ROOT: this.#folderOf(id),
      AWS_ENDPOINT_URL: this.#endpoint,
      AWS_ACCESS_KEY_ID: role,
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
  }
}

/** Calls one after the other, each in its own environment, as each function has a machine of its own. */
async function inEnvironment<T>(variables: Readonly<Record<string, string>>, call: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await call();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function recordOf(queue: string, { id, body, sentAt, sender, receives }: QueuedMessage): object {
  return {
    messageId: id,
    receiptHandle: id,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAt),
      SenderId: sender,
      ApproximateFirstReceiveTimestamp: String(sentAt),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(queue),
    awsRegion: REGION,
  };
}
