import { describe, expect, test } from 'vitest';
import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { EnvironmentError } from '../../lib/adapters/aws/environment.ts';
import type { ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { toWire } from '../../lib/contract/wire/wire.ts';
import type { CommandRecord, IdempotencyStore } from '../../lib/ports/idempotency-store.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { ConsumerOptions } from '../../lib/service/consumer/consumer.ts';
import { answerDeferred } from '../../lib/service/consumer/deferred-answer.ts';
import { LambdaHost } from '../../lib/service/aws/lambda-host.ts';
import { furtherSystems, queueIdOf, systemOf } from '../../lib/service/aws/served-systems.ts';
import { servedParts, type Served } from '../../lib/service/served.ts';
import { keyPrefixOf, prefixedRecords, type RecordAccess, type TransactionalRecords } from '../../lib/service/store.ts';
import { readTaskToken } from '../../lib/service/task-token.ts';
import { payments, servePayments } from './payments.ts';
import { command, ID, START } from './service-rig.ts';

const ACCOUNT = '111111111111';
const arnOf = (queue: string): string => `arn:aws:sqs:eu-west-1:${ACCOUNT}:${queue}`;

/** The queue and the bus of one system. */
class SystemRig {
  readonly queue: MemoryMessageQueue;
  readonly replies: ReplyEnvelope[] = [];
  readonly publisher: MemoryEventPublisher;
  readonly payloads = new MemoryPayloadStore();
  readonly name: string;

  constructor(name: string, clock: VirtualClock) {
    this.name = name;
    this.queue = new MemoryMessageQueue({ name: `${name}-payments`, clock });
    this.publisher = new MemoryEventPublisher({ clock, rules: [] });
    this.publisher.subscribe((event) => this.replies.push(JSON.parse(event.detail) as ReplyEnvelope));
  }

  send(over: Parameters<typeof command>[0] = {}): void {
    this.queue.put(toWire(command({ source: this.name, replyto: this.name, replytoken: `h1.${this.name}`, ...over })));
  }
}

/** One function on the queues of trips, the first system, and orders. */
class SharedRig {
  readonly clock = new VirtualClock(START);
  readonly store: IdempotencyStore;
  readonly trips = new SystemRig('trips', this.clock);
  readonly orders = new SystemRig('orders', this.clock);
  readonly host: LambdaHost;
  readonly #served: Served;
  #nonces = 0;

  constructor(served: Served, store: IdempotencyStore = new MemoryIdempotencyStore()) {
    this.#served = served;
    this.store = store;
    this.host = new LambdaHost(this.options(this.trips), {
      first: queueIdOf(arnOf('trips-payments')),
      options: (queue) => (queue === queueIdOf(arnOf('orders-payments')) ? this.options(this.orders, keyPrefixOf('orders')) : undefined),
    });
  }

  options({ queue, publisher, payloads }: SystemRig, keyPrefix?: string): ConsumerOptions {
    return {
      served: this.#served,
      queue,
      store: this.store,
      ...(keyPrefix !== undefined && { keyPrefix }),
      publisher,
      payloads,
      clock: this.clock,
      sender: new MemoryMessageSender(new Map([['payments', queue]])),
      random: () => 0.5,
      newNonce: () => String((this.#nonces += 1)).padStart(22, '0'),
    };
  }

  /** Delivers what waits in the queues, as event source mappings do. */
  async run(): Promise<void> {
    for (const { queue, name } of [this.trips, this.orders]) {
      const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 180 });
      if (messages.length === 0) continue;
      await this.host.handle({ Records: messages.map((each) => recordOf(`${name}-payments`, each)) }, {});
    }
  }
}

function recordOf(queue: string, { messageId, receiptHandle, body, sentAt, receiveCount }: ReceivedMessage): object {
  const attributes = { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) };
  return { messageId, receiptHandle, body, attributes, eventSource: 'aws:sqs', eventSourceARN: arnOf(queue) };
}

describe('a function that serves two systems', () => {
  test('equal command ids of two systems are two commands: each runs, and each bus gets the reply of its own system', async () => {
    const keys: string[] = [];
    const rig = new SharedRig(
      servePayments(async ({ card }, task) => {
        keys.push(task.commandId);
        return { paymentId: `paid with ${card}` };
      }),
    );
    rig.trips.send({ data: { amount: 5, card: 'of trips' } });
    rig.orders.send({ data: { amount: 7, card: 'of orders' }, datahash: `sha256:${'0a'.repeat(32)}` });
    await rig.run();
    // The idempotency keys differ too, so that a payment provider does not take the second charge for the first.
    expect(keys).toEqual([ID, `orders|${ID}`]);
    expect(rig.trips.replies).toMatchObject([{ commandid: ID, replytoken: 'h1.trips', data: { paymentId: 'paid with of trips' } }]);
    expect(rig.orders.replies).toMatchObject([{ commandid: ID, replytoken: 'h1.orders', data: { paymentId: 'paid with of orders' } }]);
  });

  test('the first system finds the record that it wrote before the service was shared', async () => {
    let runs = 0;
    const store = new MemoryIdempotencyStore();
    const served = servePayments(async () => ({ paymentId: `p-${(runs += 1)}` }));
    const before = new SharedRig(served, store);
    await new LambdaHost(before.options(before.trips)).handle({ Records: [recordOf('trips-payments', await sent(before.trips))] }, {});
    const shared = new SharedRig(served, store);
    shared.trips.send({ attempt: 2 });
    await shared.run();
    expect(runs).toBe(1);
    expect(shared.trips.replies).toMatchObject([{ commandid: ID, data: { paymentId: 'p-1' } }]);
  });

  test('an undo names the command that it undoes by the key that the handler of that command had', async () => {
    const seen: (string | undefined)[] = [];
    const rig = new SharedRig(
      servePayments(async (_charge, task) => {
        seen.push(task.undoes);
        return { paymentId: 'p-1' };
      }),
    );
    const over = { id: 'default#book-trip#cart-42/r5f2c/4', undoes: ID, undoesoutcome: 'completed' } as const;
    rig.trips.send(over);
    rig.orders.send(over);
    await rig.run();
    expect(seen).toEqual([ID, `orders|${ID}`]);
  });

  test('a deferred command of a further system is answered by its token, on the bus of its system', async () => {
    const tokens: string[] = [];
    const rig = new SharedRig(
      servePayments(async (_charge, task) => {
        tokens.push(task.token);
        return task.defer();
      }),
    );
    rig.trips.send();
    rig.orders.send();
    await rig.run();
    const [, token = ''] = tokens;
    expect(readTaskToken(token).commandId).toBe(`orders|${ID}`);
    const { contract: service } = servedParts(servePayments(async () => ({ paymentId: '' })));
    const { publisher, payloads } = rig.orders;
    const answer = { kind: 'complete', command: payments.charge.name, output: { paymentId: 'p-9' } } as const;
    await answerDeferred({ token, answer }, { service, store: rig.store, publisher, payloads, clock: rig.clock });
    expect(rig.orders.replies.map(({ outcome }) => outcome)).toEqual(['deferred', 'completed']);
    expect(rig.orders.replies.at(-1)).toMatchObject({ commandid: ID, replytoken: 'h1.orders' });
    expect(rig.trips.replies.map(({ outcome }) => outcome)).toEqual(['deferred']);
  });

  test('a message of a queue of no system is refused before any command of its batch runs', async () => {
    let runs = 0;
    const rig = new SharedRig(servePayments(async () => ({ paymentId: `p-${(runs += 1)}` })));
    const message = await sent(rig.trips);
    const batch = { Records: [recordOf('trips-payments', message), recordOf('stock-payments', message)] };
    await expect(rig.host.handle(batch, {})).rejects.toThrow(
      `payments was called with a message of the queue ${ACCOUNT}/stock-payments: expected a batch of messages from its SQS queue.`,
    );
    expect(runs).toBe(0);
  });

  test('a function that serves one system asks for no name of a queue', async () => {
    const rig = new SharedRig(servePayments(async () => ({ paymentId: 'p-1' })));
    const host = new LambdaHost(rig.options(rig.trips));
    await host.handle({ Records: [recordOf('made-by-hand', await sent(rig.trips))] }, {});
    expect(rig.trips.replies).toMatchObject([{ outcome: 'completed' }]);
  });
});

async function sent(system: SystemRig): Promise<ReceivedMessage> {
  system.send();
  const [message] = await system.queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 180 });
  return message as ReceivedMessage;
}

describe('records whose keys name a system', () => {
  test('reads and writes of one id under two prefixes are of two records, also inside a transaction', async () => {
    const memory = new MemoryIdempotencyStore();
    const access: RecordAccess = { read: memory.read.bind(memory), write: memory.write.bind(memory) };
    const records: TransactionalRecords = { ...access, durable: () => memory.durable(), transact: (body) => body('tx', access) };
    const [bare, named] = [prefixedRecords(records, ''), prefixedRecords(records, keyPrefixOf('orders'))];
    const record = { state: 'TOMB', hash: 'h' } satisfies Omit<CommandRecord, 'revision'>;
    await bare.write(ID, record, 'absent');
    expect(await named.read(ID)).toBeUndefined();
    await named.transact(async (tx, within) => {
      expect(tx).toBe('tx');
      expect(await within.write(ID, { ...record, hash: 'other' }, 'absent')).toEqual({ status: 'written' });
    });
    expect(await memory.read(`orders|${ID}`)).toMatchObject({ hash: 'other' });
    expect(await bare.read(ID)).toMatchObject({ hash: 'h' });
  });
});

describe('the systems of a service', () => {
  const orders = {
    queue: `https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/orders-payments`,
    deadLetter: `https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/orders-payments-dead-letter`,
    bus: 'orders',
    bucket: 'orders-payloads',
    owner: ACCOUNT,
  };
  const environment = {
    TUTTI_DEAD_LETTER_URL: 'https://sqs/1/trips-payments-dead-letter',
    TUTTI_BUS: 'trips',
    TUTTI_BUCKET: 'trips-payloads',
    TUTTI_BUCKET_OWNER: ACCOUNT,
    TUTTI_SYSTEMS: JSON.stringify({ orders }),
  };

  test('the queue determines the bus, the bucket and the record keys', () => {
    expect(systemOf(orders.queue, environment)).toEqual({
      name: 'orders',
      queueUrl: orders.queue,
      deadLetterUrl: orders.deadLetter,
      bus: 'orders',
      bucket: 'orders-payloads',
      bucketOwner: ACCOUNT,
      keyPrefix: 'orders|',
    });
    expect(systemOf('https://sqs/1/trips-payments', environment)).toMatchObject({ name: undefined, bus: 'trips', keyPrefix: '' });
  });

  test('a queue has one name in its URL and in its ARN', () => {
    expect(queueIdOf(orders.queue)).toBe(queueIdOf(arnOf('orders-payments')));
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a system without a bus', JSON.stringify({ orders: { ...orders, bus: undefined } })],
    ['an empty queue', JSON.stringify({ orders: { ...orders, queue: '' } })],
  ])('%s is refused as TUTTI_SYSTEMS', (_what, text) => {
    expect(() => furtherSystems({ TUTTI_SYSTEMS: text })).toThrow(EnvironmentError);
    expect(() => furtherSystems({ TUTTI_SYSTEMS: text })).toThrow(
      /TUTTI_SYSTEMS is .*: expected an object of objects with the texts queue/,
    );
  });

  test('a service of one system has no further systems', () => {
    expect(furtherSystems({})).toEqual([]);
  });
});
