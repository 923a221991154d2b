import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { operationsApi } from '../../../lib/console/operations-api.ts';
import type { ServicesView } from '../../../lib/console/views.ts';
import { REPLY_KEYS_PARTITION } from '../../../lib/adapters/dynamodb/tables.ts';
import type { Use } from '../account/aws-account.ts';
import { unusedRights } from '../account/unused-rights.ts';
import { ACCOUNT, REGION } from '../synthesized.ts';
import { refusedCalls } from './refused-calls.ts';
import { deployShop, type DeployedShop, type Grants, tokenOf } from './deployed-shop.ts';
import { nap, NoteAdded, order, OrderPlaced, people, stock, Viewed } from './shop.ts';

// Each method of the client with only the grant that it needs, and the calls that each grant does not allow.

vi.setConfig({ testTimeout: 120_000 });

const HOUR_MS = 3_600_000;
const LARGE = 'x'.repeat(250_000);

const GRANTS: Grants = {
  Starter: (orchestrator, role) => void orchestrator.grantStart(role),
  Signaller: (orchestrator, role) => void orchestrator.grantSignal(role, OrderPlaced, NoteAdded, Viewed),
  NoteTaker: (orchestrator, role) => void orchestrator.grantSignal(role, NoteAdded),
  Publisher: (orchestrator, role) => void orchestrator.grantPublish(role, NoteAdded),
  Answerer: (orchestrator, role) => void orchestrator.grantAnswer(people, role),
  EveryReader: (orchestrator, role) => void orchestrator.grantRead(role),
  DefaultReader: (orchestrator, role) => void orchestrator.grantRead(role, { tenant: 'default' }),
  AcmeReader: (orchestrator, role) => void orchestrator.grantRead(role, { tenant: 'acme' }),
  QueueReader: (orchestrator, role) => {
    orchestrator.grantRead(role);
    orchestrator.grantReadQueues(role);
  },
  Operator: (orchestrator, role) => void orchestrator.grantOperate(role),
  Poller: (orchestrator, role) => void orchestrator.grantService(stock, role),
  Admin: (_orchestrator, role) =>
    (role as Role).addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: ['sqs:*'], resources: ['*'] })),
};

let shop: DeployedShop;

beforeAll(async () => {
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 4) });
  shop = await deployShop(GRANTS);
}, 120_000);

afterAll(async () => {
  await shop.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

afterEach(() => assert.deepEqual(shop.account.refused.splice(0), []));

describe('methods of the client', () => {
  test('publish and signal need grantSignal of their event', async () => {
    const client = shop.client('Signaller');
    await client.publish(OrderPlaced, { orderId: 'o-1', text: LARGE });
    await client.publish(Viewed, { userId: 'u-1' });
    await shop.functions.run();
    await client.publish(NoteAdded, { orderId: 'o-1', text: '' });
    for (const orderId of ['o-2', 'o-3', 'o-4']) await client.publish(OrderPlaced, { orderId, text: '' });
    await shop.functions.run();
    await client.signal(order, 'o-4', NoteAdded, { orderId: 'o-4', text: '' });
    for (const orderId of ['o-2', 'o-3']) await shop.client('NoteTaker').signal(order, orderId, NoteAdded, { orderId, text: '' });
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    await shop.functions.tick('SweepTimers');
    await shop.functions.run();
    expect(tokenOf('o-3')).toBeDefined();
  });

  test('start needs grantStart, also if the start is refused', async () => {
    const client = shop.client('Starter');
    const starting = client.start(nap, { text: LARGE }, { id: 'n-1' });
    // No function receives the start until its sender has read the reason.
    const asksWhy = ({ statement, action }: Use): boolean => statement.startsWith('Starter') && action === 'dynamodb:Query';
    while (!shop.account.used.some(asksWhy)) await sleep(10);
    await shop.during(starting);
    await expect(shop.during(client.start(nap, { text: '' }, { id: 'n-1' }))).rejects.toMatchObject({ code: 'ALREADY_OPEN' });
  });

  test('complete, fail and heartbeat need grantAnswer of their service', async () => {
    const client = shop.client('Answerer');
    await client.heartbeat(tokenOf('o-1'));
    await client.complete(people.approve, tokenOf('o-1'), { text: LARGE });
    await client.fail(people.approve, tokenOf('o-2'), people.approve.errors.Refused({}));
    const answers = shop.account.published.map((event) => event['detail-type']);
    expect(answers).toEqual(expect.arrayContaining(['people.approve.completed', 'people.approve.failed']));
    await shop.functions.run();
  });

  test.each(['EveryReader', 'DefaultReader', 'Operator'])('query, describe, list and result need a right to read: %s', async (role) => {
    const client = shop.client(role);
    expect((await client.describe(order, 'o-1')).status).toBe('completed');
    expect(await client.result(order, 'o-1')).toMatchObject({ approved: LARGE.length });
    expect(await client.query(order, 'o-1')).toEqual({ text: LARGE });
    const listed: string[] = [];
    for await (const { id } of client.list({ process: order })) listed.push(id);
    expect(listed).toContain('o-3');
  });

  test('a reader of one tenant reads and lists its instances, and is denied those of another', async () => {
    await shop.client('Signaller', 'acme').publish(OrderPlaced, { orderId: 'o-1', text: 'of acme' });
    await shop.functions.run();
    const acme = shop.client('AcmeReader', 'acme');
    expect(await acme.describe(order, 'o-1')).toMatchObject({ tenant: 'acme', id: 'o-1', status: 'running' });
    const listed: unknown[] = [];
    for await (const { tenant, id } of acme.list()) listed.push([tenant, id]);
    expect(listed).toEqual([['acme', 'o-1']]);
    for (const [role, tenant] of [
      ['AcmeReader', 'default'],
      ['DefaultReader', 'acme'],
    ] as const) {
      const client = shop.client(role, tenant);
      await expect(client.describe(order, 'o-1')).rejects.toMatchObject({ code: 'DENIED' });
      await expect(client.query(order, 'o-1')).rejects.toMatchObject({ code: 'DENIED' });
    }
    expect(new Set(shop.account.refused.splice(0).map(({ why }) => why))).toEqual(new Set(['no statement allows it']));
  });

  test('the console reads with grantRead, and refuses an operation with the grant that is missing', async () => {
    const api = operationsApi(await shop.reach('EveryReader'), { place: 'the stack shop', option: '--stack shop', region: REGION });
    const ask = async (path: string, body?: object): Promise<{ status: number; body: unknown }> => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await api(new Request(`http://x/api${path}`, body === undefined ? {} : init));
      return { status: response.status, body: await response.json() };
    };
    for (const path of [
      '/instances',
      '/counts',
      '/causes',
      '/instances/order/o-1',
      '/instances/order/o-1/journal',
      '/tasks',
      '/services',
      '/cost',
    ])
      expect([path, (await ask(path)).status]).toEqual([path, 200]);
    expect((await ask('/system')).body).toMatchObject({ live: 'poll', acts: { cancel: { allowed: true } } });
    const refused = await ask('/instances/order/o-4/cancel', { reason: 'not wanted' });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'DENIED', grant: 'grantOperate' } } });
    expect((await ask('/system')).body).toMatchObject({
      acts: { cancel: { allowed: false, grant: 'grantOperate' }, start: { allowed: true } },
    });
    expect(new Set(shop.account.refused.splice(0).map(({ action }) => action))).toEqual(
      new Set(['sqs:GetQueueAttributes', 'sqs:SendMessage']),
    );
  });

  test('the console shows the depth of queues with grantReadQueues, and leaves it out without', async () => {
    const servicesAs = async (role: string): Promise<ServicesView> => {
      const api = operationsApi(await shop.reach(role), { place: 'the stack shop', option: '--stack shop' });
      return (await (await api(new Request('http://x/api/services'))).json()) as ServicesView;
    };
    shop.account.enqueue('shop-stock', 'waits', 'nobody', { delaySeconds: 900 });
    shop.account.enqueue('shop-stock-dead-letter', 'dead');
    expect((await servicesAs('QueueReader')).services).toContainEqual(
      expect.objectContaining({ name: 'stock', queued: 1, inFlight: 0, dead: 1 }),
    );
    for (const queue of ['shop-stock', 'shop-stock-dead-letter']) shop.account.queues.set(queue, []);
    expect(shop.account.refused).toEqual([]);
    expect((await servicesAs('EveryReader')).services.every((row) => row.queued === undefined && row.dead === undefined)).toBe(true);
    expect(new Set(shop.account.refused.splice(0).map(({ action }) => action))).toEqual(new Set(['sqs:GetQueueAttributes']));
  });

  test('the function of a Console acts by its own role, in the name of the person that the authorizer lets in', async () => {
    const ask = async (path: string, person?: string, body?: object): Promise<{ status: number; body: unknown }> => {
      const result = await shop.functions.request<{ statusCode: number; body: string }>('ConsoleApi', {
        rawPath: '/api/',
        rawQueryString: '',
        headers: { 'x-tutti-address': `https://console.example/api${path}`, 'content-type': 'application/json' },
        ...(person !== undefined && { cookies: [`__Host-person=${person}`] }),
        ...(body && { body: JSON.stringify(body) }),
        requestContext: { domainName: 'x', http: { method: body ? 'POST' : 'GET' } },
        isBase64Encoded: false,
      });
      return { status: result.statusCode, body: JSON.parse(Buffer.from(result.body, 'base64').toString()) as unknown };
    };
    expect(await ask('/instances')).toMatchObject({ status: 401, body: { error: { signIn: '/auth/sign-in' } } });
    for (const path of ['/system', '/counts', '/instances/order/o-1', '/instances/order/o-1/journal', '/parked', '/services', '/cost'])
      expect([path, (await ask(path, 'ada')).status]).toEqual([path, 200]);
    const pause = { reason: 'a look at it' };
    expect((await ask('/instances/nap/n-1/pause', 'reader', pause)).status).toBe(403);
    expect((await shop.during(ask('/instances/nap/n-1/pause', 'ada', pause))).status).toBe(200);
    expect(JSON.stringify((await ask('/instances/nap/n-1/journal', 'ada')).body)).toContain('ada@example.com');
    expect((await shop.during(ask('/instances/nap/n-1/resume', 'ada', { reason: 'seen' }))).status).toBe(200);
    expect((await shop.during(ask('/processes/nap/start', 'ada', { input: { text: LARGE }, id: 'n-2' }))).status).toBe(200);
    expect((await ask('/events/desk.note-added', 'ada', { data: { orderId: 'o-4', text: '' } })).status).toBe(200);
  });

  test('resolve, cancel and terminate need grantOperate', async () => {
    const client = shop.client('Operator');
    await shop.during(client.resolve(order, 'o-3', 'people.approve:1', { command: people.approve, output: { text: '' } }));
    await shop.during(client.terminate(nap, 'n-1', 'not wanted'));
    await shop.during(client.cancel(order, 'o-4', 'not wanted'));
    expect((await client.describe(nap, 'n-1')).status).toBe('terminated');
  });
});

describe('operations of the command line', () => {
  test.each(['EveryReader', 'Operator'])('list, journal, why and parked need a right to read everything: %s', async (role) => {
    const acts = await shop.acts(role);
    expect((await acts.list({ process: 'order', limit: 10 })).instances.length).toBeGreaterThan(3);
    await acts.journal({ process: 'order', id: 'o-1', payloads: true, from: 0 });
    await acts.why({ process: 'order', id: 'o-1' });
    await acts.parked({ limit: 10 });
    await acts.parked({ process: 'order', id: 'o-1', limit: 10 });
  });

  test('redrive needs grantOperate', async () => {
    shop.account.publish({ Source: 'web', DetailType: 'web.order-placed', Detail: '{"wrong":"shape"}', EventBusName: 'shop' });
    await shop.functions.run();
    const acts = await shop.acts('Operator');
    const { events } = await acts.parked({ waiting: true, limit: 10 });
    expect(events).toHaveLength(1);
    // An event that is parked again has another time.
    vi.setSystemTime(Date.now() + 1_000);
    expect(await shop.during(acts.redrive({ events: events.map(({ key }) => key) }))).toEqual({ sent: 1, left: 0 });
  });

  test('discard needs grantOperate, and keeps the event with the reason, the operator and the sender', async () => {
    const acts = await shop.acts('Operator');
    const { events } = await acts.parked({ waiting: true, limit: 10 });
    expect(events).toHaveLength(1);
    const request = { events: events.map(({ key }) => key), reason: 'of a test of the shop' };
    expect(await shop.during(acts.discard(request))).toEqual({ discarded: 1, left: 0 });
    expect((await acts.parked({ waiting: true, limit: 10 })).events).toEqual([]);
    const [item] = shop.account.tables.get('shop')?.items.filter((each) => each['discarded'] !== undefined) ?? [];
    expect(JSON.parse(String(item?.['discarded']?.S))).toEqual({
      by: expect.any(String),
      sender: expect.any(String),
      reason: 'of a test of the shop',
    });
    expect(item?.['ttl']?.N).toMatch(/^\d+$/);
  });
});

test('a rotation of the keys of replies needs grantOperate, which does not read them', async () => {
  const acts = await shop.acts('Operator');
  await shop.during(acts.rotateKeys({}));
  expect(shop.account.tables.get('shop')?.items.some(({ pk }) => pk?.S === REPLY_KEYS_PARTITION)).toBe(true);
});

describe('calls that a grant does not allow', () => {
  test.each(refusedCalls())('%s never %s', (role, _what, call) => {
    expect(shop.account.mayCall(shop.account.roleOf(role), call)).toBe(false);
  });

  test('a call that is allowed is refused without TLS', () => {
    const call = { service: 'sqs', operation: 'SendMessage', input: { QueueUrl: `https://sqs/${ACCOUNT}/shop-starts` } };
    const starter = shop.account.roleOf('Starter');
    expect(shop.account.mayCall(starter, call)).toBe(true);
    expect(shop.account.mayCall(starter, call, { 'aws:SecureTransport': 'false' })).toBe(false);
  });

  test.each(['shop-inbox', 'shop-inbox-dead-letter'])('no rule of another deployment delivers into %s', (queue) => {
    const rule = (bus: string, name: string): string => `arn:aws:events:${REGION}:${ACCOUNT}:rule/${bus}/${name}`;
    expect(shop.account.mayDeliver(rule('shop', 'shop-replies'), queue)).toBe(true);
    expect(shop.account.mayDeliver(rule('shop', 'other-replies'), queue)).toBe(false);
    expect(shop.account.mayDeliver(rule('other', 'shop-replies'), queue)).toBe(false);
  });

  test.each(['shop-starts', 'shop-operations', 'shop-stock', 'shop-hot-lane.fifo'])('no rule delivers into %s', (queue) => {
    expect(shop.account.mayDeliver(`arn:aws:events:${REGION}:${ACCOUNT}:rule/shop/shop-replies`, queue)).toBe(false);
  });
});

/** Rights that the client of this repository does not use, each with its reason. */
const UNUSED: readonly (readonly [role: RegExp, right: RegExp, reason: string])[] = [
  [/./, /^arn:aws:ssm:.*parameter\/tutti\/shop of /, 'another client may ask for the path without its last slash'],
  [/^Publisher|^Poller|^Admin/, /./, 'they call through their own SDK; the function of stock makes every call of a service'],
  [/^NoteTaker/, /s3:PutObject|_clients/, 'Signaller sends the large event'],
  [/^ConsoleApi/, /_clients\/desk/, 'its large value is sent with the start'],
  [/^QueueReader/, /^(?!sqs)/, 'EveryReader makes every call of a reader'],
  [/^AcmeReader/, /./, 'DefaultReader makes every call of a reader of one tenant'],
  [/^Signaller/, /_clients\/(?:desk|web\.viewed)/, 'one large event stands for all'],
  [/^NoteTaker/, /^dynamodb:BatchGetItem/, 'Signaller names several instances'],
];

test('each right of a grant is used by some method', () => {
  const granted = [...shop.account.roles.values()].filter(({ id }) =>
    [...Object.keys(GRANTS), 'ConsoleApi'].some((name) => id.startsWith(name)),
  );
  const unused = granted.flatMap((role) =>
    unusedRights(role, shop.account.used).filter((right) => !UNUSED.some(([of, which]) => of.test(role.id) && which.test(right))),
  );
  expect(unused).toEqual([]);
});
