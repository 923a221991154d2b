import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AnyProcess } from 'tutti';
import type { Client } from 'tutti/client';
import { parkedApart } from './parked-apart.ts';
import { deadLetterName } from '../../../lib/adapters/aws/deployment-names.ts';
import type { SentMessage } from '../account/aws-account.ts';
import { unusedRights } from '../account/unused-rights.ts';
import { deployShop, type DeployedShop, tokenOf } from './deployed-shop.ts';
import { courier, nap, NoteAdded, order, OrderPlaced, pack, people, Viewed } from './shop.ts';
import { packages } from './packages.ts';

// The functions of a deployment, bundled as they are deployed, with the SDK's own clients, in an account in memory whose IAM is that of the
// synthesized template: each call they make must be allowed, whatever message they get.

vi.setConfig({ testTimeout: 120_000 });

const HOUR_MS = 3_600_000;
const LARGE = 'x'.repeat(250_000);

let shop: DeployedShop;
let client: Client;

beforeAll(async () => {
  // Functions write their log.
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 4) });
  shop = await deployShop({
    Client: (orchestrator, role) => {
      orchestrator.grantStart(role);
      orchestrator.grantSignal(role, OrderPlaced, NoteAdded, Viewed);
      orchestrator.grantAnswer(people, role);
      orchestrator.grantOperate(role);
    },
  });
  client = shop.client('Client');
  await shop.functions.run();
}, 120_000);

afterAll(async () => {
  await shop.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

afterEach(() => assert.deepEqual(shop.account.refused.splice(0), []));

const pass = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds);
const statusOf = async (of: AnyProcess, id: string): Promise<string> => (await client.describe(of, id)).status;
const doneFor = (id: string): readonly string[] =>
  packages.done().flatMap((each) => (each.startsWith(`${id} `) ? each.slice(id.length + 1) : []));

/** Up to the sleep of the order. */
const place = async (orderId: string, text = ''): Promise<void> => {
  await client.publish(OrderPlaced, { orderId, text });
  await shop.functions.run();
};

/** From the sleep to the approval by a person. */
const awaken = async (orderId: string): Promise<void> => {
  await client.signal(order, orderId, NoteAdded, { orderId, text: '' });
  pass(2 * HOUR_MS);
  await shop.functions.tick('SweepTimers');
  await shop.functions.run();
};

/** Delivers returned messages again until their time is over. */
const redeliver = async (): Promise<void> => {
  for (let deliveries = 0; deliveries < 20; deliveries += 1) {
    await shop.functions.run();
    pass(HOUR_MS / 4);
  }
};

describe('functions', () => {
  test('an order runs from its event to its own event: bus, commands, a long timer, a signal, a person', async () => {
    await place('o-1');
    await awaken('o-1');
    await client.heartbeat(tokenOf('o-1'));
    await client.complete(people.approve, tokenOf('o-1'), { text: '' });
    await shop.functions.run();
    expect(await statusOf(order, 'o-1')).toBe('completed');
    expect(shop.account.published.map((event) => event['detail-type'])).toContain('shop.order-done');
  });

  test('values that are too large for a message travel through the bucket, of clients, commands and answers', async () => {
    await place('o-2', LARGE);
    shop.functions.restart();
    await awaken('o-2');
    await client.complete(people.approve, tokenOf('o-2'), { text: LARGE });
    await shop.functions.run();
    expect(await statusOf(order, 'o-2')).toBe('completed');
    const writers = new Set([...shop.account.objects.keys()].map((key) => key.split('/')[1]));
    expect(writers).toEqual(new Set(['_clients', 'orchestrator', 'people', 'stock']));
  });

  test('a process that a client starts naps by a tick in the inbox', async () => {
    await shop.during(client.start(nap, { text: '' }, { id: 'n-1' }));
    await shop.during(client.start(nap, { text: LARGE }, { id: 'n-2' }));
    pass(31_000);
    await shop.functions.run({ delayMax: 900 });
    expect((await client.describe(nap, 'n-2')).status).toBe('completed');
  });

  test('a paused process keeps its instances and starts, and the end of the pause finds both', async () => {
    await shop.during(client.start(nap, { text: '' }, { id: 'h-1' }));
    await shop.during(client.holds.pause({ process: nap }, 'a wrong price'));
    pass(31_000);
    const { started } = await shop.during(client.start(nap, { text: '' }, { id: 'h-2' }));
    await shop.functions.run({ delayMax: 900 });
    expect(started).toBe(false);
    expect(await client.holds.list()).toMatchObject([{ process: 'nap', instances: 1, starts: 1 }]);
    await shop.during(client.holds.resume({ process: nap }));
    pass(61_000);
    await shop.functions.run({ delayMax: 900 });
    pass(61_000);
    await shop.functions.run({ delayMax: 900 });
    expect([await statusOf(nap, 'h-1'), await statusOf(nap, 'h-2')]).toEqual(['completed', 'completed']);
    expect(await client.holds.list()).toEqual([]);
  });

  test('the steps of a process run with what they have captured, and are undone with their outputs', async () => {
    // The journal outgrows the head, so that the runner also reads chunks.
    const text = 'x'.repeat(900);
    await shop.during(client.start(pack, { text, wanted: false }, { id: 's-1' }));
    await shop.functions.run();
    expect(await statusOf(pack, 's-1')).toBe('failed');
    const weight = packages.weigh(text);
    expect(doneFor('s-1')).toEqual([
      'paper after 0',
      'box after 1',
      'tape after 2',
      `tape of ${weight} undone`,
      `box of ${weight} undone`,
      `paper of ${weight} undone`,
    ]);
  });

  test('a step captures and returns values that are too large for a message', async () => {
    await shop.during(client.start(pack, { text: LARGE }, { id: 's-2' }));
    await shop.functions.run();
    expect(await statusOf(pack, 's-2')).toBe('completed');
    const writers = new Set([...shop.account.objects.keys()].map((key) => key.split('/')[1]));
    expect(writers).toContain('steps');
  });

  test('the step of a process that has a StepFunction runs there, also with a large value', async () => {
    await shop.during(client.start(courier, { text: LARGE }, { id: 'c-1' }));
    await shop.functions.run();
    expect(await statusOf(courier, 'c-1')).toBe('completed');
    expect(doneFor('c-1')).toEqual(['carried']);
    const queues = shop.account.sent.flatMap(({ queue, body }) =>
      body.includes('#courier#c-1/') && queue !== 'shop-inbox' ? [queue] : [],
    );
    expect(new Set(queues)).toEqual(new Set(['shop-steps-courier']));
  });

  test('a step is postponed near its last delivery, and a message that is no command goes to the dead-letter queue of steps', async () => {
    await shop.during(client.start(pack, { text: 'later' }, { id: 's-3' }));
    await shop.functions.run({ only: 'Steps' });
    for (const message of shop.account.queues.get('shop-steps') ?? []) message.receives = 18;
    shop.account.enqueue('shop-steps', 'no command', 'nobody', { receives: 30 });
    pass(HOUR_MS);
    await shop.functions.run({ only: 'Steps' });
    const sent = shop.account.sent.filter(({ sender }) => sender.startsWith('ShopSteps')).map(({ queue }) => queue);
    expect(new Set(sent)).toEqual(new Set(['shop-steps', 'shop-steps-dead-letter']));
    shop.account.queues.set('shop-steps', []);
  });

  test('sweep-timers stores the graphs of the processes, whose codes the journals name', async () => {
    await shop.functions.tick('SweepTimers');
    const stored = await client.flow(order);
    expect(stored).toMatchObject({ flow: { process: 'order', unresolved: [] }, code: expect.stringMatching(/^[0-9a-f]{16}$/) });
    await place('o-11');
    const acts = await shop.acts('Client');
    const { entries } = await acts.journal({ process: 'order', id: 'o-11', payloads: false, from: 0 });
    expect(entries[0]).toMatchObject({ type: 'ProcessStarted', code: stored.code });
    // An environment stores them again only if they are missing.
    await shop.functions.tick('SweepTimers');
    expect((await client.flow(order)).codes).toHaveLength(1);
  });

  test('a tick that is lost is sent again by wake-overdue', async () => {
    await shop.during(client.start(nap, { text: '' }, { id: 'n-3' }));
    shop.account.queues.set('shop-inbox', []);
    pass(HOUR_MS);
    await shop.functions.tick('WakeOverdue');
    await shop.functions.run();
    expect((await client.describe(nap, 'n-3')).status).toBe('completed');
  });

  test('an operator cancels an instance, and its completed steps are undone', async () => {
    await place('o-3');
    await shop.during(client.cancel(order, 'o-3', 'not wanted'));
    await shop.functions.run();
    expect(await statusOf(order, 'o-3')).toBe('cancelled');
  });

  test('an operator terminates an instance', async () => {
    await place('o-4');
    await shop.during(client.terminate(order, 'o-4', 'not wanted'));
    expect(await statusOf(order, 'o-4')).toBe('terminated');
  });

  test('an operator resolves a command that a person has left open', async () => {
    await place('o-5');
    await awaken('o-5');
    await shop.during(client.resolve(order, 'o-5', 'people.approve:1', { command: people.approve, output: { text: 'by phone' } }));
    await shop.functions.run();
    expect(await statusOf(order, 'o-5')).toBe('completed');
  });

  test('an operator erases an instance, and neither the table nor the bucket holds its data', async () => {
    const text = `Ada Lovelace ${LARGE}`;
    await place('o-20', text);
    await awaken('o-20');
    await client.complete(people.approve, tokenOf('o-20'), { text });
    await shop.functions.run();
    const items = () => shop.account.tables.get('shop')?.items.filter(({ pk }) => pk?.S === 'default#order#o-20') ?? [];
    const objects = () => [...shop.account.objects.keys()].filter((key) => key.includes('o-20/'));
    expect(items().length).toBeGreaterThan(1);
    expect(new Set(objects().map((key) => key.split('/')[1]))).toEqual(new Set(['orchestrator', 'people', 'stock']));
    await shop.during(client.erase(order, 'o-20', 'request 7'));
    // Its step has returned a value that is too large for a message.
    await shop.during(client.erase(courier, 'c-1', 'request 8'));
    await shop.functions.run();
    // The operation comes again when no worker goes on that began before.
    pass(HOUR_MS / 4);
    await shop.functions.run({ delayMax: 900 });
    expect(items().map(({ sk }) => sk?.S)).toEqual(['H']);
    expect(objects()).toEqual([]);
    expect([...shop.account.objects.keys()].filter((key) => key.includes('courier%23c-1/'))).toEqual([]);
    expect(shop.account.queues.get('shop-operations')).toEqual([]);
    const { entries } = await (await shop.acts('Client')).journal({ process: 'order', id: 'o-20', payloads: true, from: 0 });
    expect(entries).toEqual([expect.objectContaining({ type: 'Erased', reason: 'request 7' })]);
    expect(JSON.stringify(await client.describe(order, 'o-20'))).not.toContain('Ada');
  });

  test('a stuck instance keeps later events beside it, and a resume sends them to the inbox again', async () => {
    await place('o-6', 'bug');
    await redeliver();
    await client.signal(order, 'o-6', NoteAdded, { orderId: 'o-6', text: '' });
    await shop.functions.run();
    expect(await statusOf(order, 'o-6')).toBe('stuck');
    await shop.during(client.resume(order, 'o-6'));
    await redeliver();
    expect(await statusOf(order, 'o-6')).toBe('stuck');
  });

  test('an event that arrives before its instance waits and is then applied', async () => {
    await client.signal(order, 'o-7', NoteAdded, { orderId: 'o-7', text: '' });
    await shop.functions.run();
    await place('o-7');
    expect(await statusOf(order, 'o-7')).toBe('running');
  });

  test('many events of one instance go through the hot lane', async () => {
    const view = (id: string): Promise<void> => client.publish(Viewed, { userId: 'u-1' }, { id });
    for (let i = 0; i < 3; i += 1) await view(`v-${i}`);
    const inbox = shop.account.queues.get('shop-inbox') ?? [];
    for (const { body } of inbox.splice(0))
      shop.account.enqueue('shop-hot-lane.fifo', JSON.stringify({ tutti: 'forced', lane: true, body, sentat: Date.now() }), 'advance');
    await shop.functions.run();
    await view('v-3');
    await shop.functions.run();
    expect(shop.account.sent.filter(({ queue, sender }) => queue === 'shop-hot-lane.fifo' && sender.includes('Advance'))).toHaveLength(1);
  });

  test('a message that was received often runs under a mark', async () => {
    await client.publish(OrderPlaced, { orderId: 'o-8', text: '' });
    for (const message of shop.account.queues.get('shop-inbox') ?? []) message.receives = 5;
    await shop.functions.run();
    expect(await statusOf(order, 'o-8')).toBe('running');
  });

  test('a service postpones a command near its last delivery, and moves a message that is no command to its dead-letter queue', async () => {
    await place('o-9', '');
    await client.publish(OrderPlaced, { orderId: 'o-10', text: 'later' });
    await shop.functions.run({ only: 'Advance' });
    await shop.functions.run({ only: 'Stock' });
    for (const message of shop.account.queues.get('shop-stock') ?? []) message.receives = 18;
    shop.account.enqueue('shop-stock', 'no command', 'nobody', { receives: 30 });
    pass(HOUR_MS);
    await shop.functions.run({ only: 'Stock' });
    const sent = shop.account.sent.filter(({ sender }) => sender.startsWith('Stock')).map(({ queue }) => queue);
    expect(new Set(sent)).toEqual(new Set(['shop-stock', 'shop-stock-dead-letter']));
  });

  test.each(parkedApart())('a message that no instance accepts is parked: %s', async (_what, entry, account) => {
    shop.account.publish(entry, account);
    await redeliver();
    const fromTheBus = (shop.account.queues.get('shop-inbox') ?? []).filter(({ sender }) => sender === 'events.amazonaws.com');
    expect(fromTheBus).toEqual([]);
  });

  test('an operator redrives parked events by their ids', async () => {
    const apart = (shop.account.tables.get('shop')?.items ?? []).filter(({ pk }) => pk?.S?.startsWith('X#'));
    const events = apart.map(({ sk }) => ({ pid: '', id: sk?.S?.slice('X#'.length) }));
    expect(events.length).toBeGreaterThan(3);
    shop.account.enqueue('shop-operations', JSON.stringify({ tutti: 'redrive', opid: 'op-1', by: 'ada', events }), 'Client');
    await redeliver();
    expect(shop.account.queues.get('shop-operations')).toEqual([]);
    expect(
      shop.account.sent.filter(({ queue, body }) => queue === 'shop-inbox' && body.startsWith('{"tutti":"forced"')).length,
    ).toBeGreaterThan(3);
  });

  test('dead letters of every kind go to the inbox, and are parked if they become dead letters repeatedly', async () => {
    // The messages of all earlier tests, so a new kind of message is included without a change here.
    const kinds = new Map(shop.account.sent.filter(({ queue }) => isOfEngine(queue)).map((sent) => [kindOf(sent), sent]));
    expect(kinds.size).toBeGreaterThan(15);
    for (const { queue, body } of kinds.values()) shop.account.enqueue(deadLetterName(queue), body, 'SQS', { receives: 20 });
    // For more than a day no message takes effect: a message that the drain sends back becomes a dead letter again.
    for (let hours = 0; hours < 30; hours += 1) {
      await shop.functions.run({ only: 'DrainDeadLetters' });
      for (const [queue, messages] of shop.account.queues)
        if (isOfEngine(queue) && !queue.includes('dead-letter'))
          for (const { body } of messages.splice(0)) shop.account.enqueue(deadLetterName(queue), body, 'SQS', { receives: 20 });
      pass(HOUR_MS);
    }
    await shop.functions.run({ delayMax: 900 });
    await redeliver();
    for (const [queue, messages] of shop.account.queues)
      if (queue.includes('dead-letter') && isOfEngine(queue)) expect(messages).toEqual([]);
    const parked = shop.account.tables.get('shop')?.items.filter(({ reason }) => reason?.S === 'DEAD_LETTER') ?? [];
    expect(parked.length).toBeGreaterThan(kinds.size / 2);
  });

  test('a dead letter that cannot be sent back stays hidden for a while', async () => {
    shop.account.enqueue('shop-inbox-dead-letter', '{}', 'SQS');
    shop.account.outage = 'SendMessageBatch';
    await shop.functions.run({ only: 'DrainDeadLetters' });
    shop.account.outage = undefined;
    expect(shop.account.queues.get('shop-inbox-dead-letter')).toHaveLength(1);
    await shop.functions.run();
    expect(shop.account.queues.get('shop-inbox-dead-letter')).toEqual([]);
  });

  test('an instance that closed long ago expires with its large values, also if some are already deleted', async () => {
    const [first] = [...shop.account.objects.keys()].filter((key) => key.includes('/orchestrator/'));
    shop.account.objects.delete(first as string);
    pass(70 * 24 * HOUR_MS);
    await shop.functions.tick('RetireClosed');
    const heads = shop.account.tables.get('shop')?.items.filter(({ sk }) => sk?.S === 'H') ?? [];
    expect(heads.filter(({ ttl }) => ttl !== undefined).length).toBeGreaterThan(3);
  });
});

describe('statements', () => {
  test('each right of a function is used by some call', () => {
    // Each service has the same rights on what is its own; one that makes every call stands for them. clients.test.ts uses those of the console.
    const functions = [...shop.account.roles.values()].filter(
      ({ id }) => shop.functions.roles.includes(id) && !/^(?:People|Courier|ConsoleApi)/.test(id),
    );
    expect(functions.flatMap((role) => unusedRights(role, shop.account.used))).toEqual([]);
  });
});

/** The queues that advance-processes reads, and their dead-letter queues. */
const isOfEngine = (queue: string): boolean => !/^shop-(?:stock|people|steps)/.test(queue);

/** Of messages that differ in their values only, one stands for all. */
const kindOf = ({ queue, body }: SentMessage): string => {
  const shape = (value: unknown): unknown => {
    if (typeof value === 'string' && value.startsWith('{')) return shapeOfText(value);
    if (typeof value !== 'object' || value === null) return typeof value;
    return Object.entries(value).map(([key, each]) =>
      /^(?:tutti|act|outcome|type)$/.test(key) ? `${key}=${String(each)}` : [key, shape(each)],
    );
  };
  const shapeOfText = (text: string): unknown => {
    try {
      return shape(JSON.parse(text));
    } catch {
      return 'text';
    }
  };
  return `${queue} ${JSON.stringify(shapeOfText(body))}`;
};
