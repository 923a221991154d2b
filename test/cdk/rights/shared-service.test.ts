import assert from 'node:assert/strict';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { aws, connect, type Client } from 'tutti/client';
import { bundleFunctions, bundleService, type FunctionName } from '../../../lib/cdk/bundle/bundle.ts';
import { Orchestrator } from '../../../lib/cdk/orchestrator.ts';
import { ServiceFunction } from '../../../lib/cdk/service-function.ts';
import { AwsAccount } from '../account/aws-account.ts';
import { DeployedFunctions } from '../account/deployed-functions.ts';
import { openEndpoint, type Endpoint } from '../account/endpoint.ts';
import { REGION, resourcesOf, testStack } from '../synthesized.ts';
import { CaseOpened, claims, desk, refunds, reviewClaim, reviewRefund } from './desks.ts';

// Two systems with one service function, bundled as they are deployed, in an account in memory whose IAM is that of the synthesized template.

vi.setConfig({ testTimeout: 120_000 });

const ENTRY = new URL('desks.ts', import.meta.url).pathname;
const SERVICE = new URL('desk-service.ts', import.meta.url).pathname;
const LARGE = 'x'.repeat(150_000);

let account: AwsAccount;
let endpoint: Endpoint;
let functions: DeployedFunctions;
let ofClaims: Client;
let ofRefunds: Client;

beforeAll(async () => {
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  const stack = testStack('Desks');
  const first = new Orchestrator(stack, 'Claims', { system: claims, entry: ENTRY });
  const further = new Orchestrator(stack, 'Refunds', { system: refunds, entry: ENTRY });
  new ServiceFunction(stack, 'Desk', { orchestrators: [first, further], service: desk, entry: SERVICE });
  for (const [id, orchestrator] of [
    ['ClerkOfClaims', first],
    ['ClerkOfRefunds', further],
  ] as const) {
    const role = new Role(stack, id, { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    orchestrator.grantSignal(role, CaseOpened);
    orchestrator.grantRead(role);
    orchestrator.grantAnswer(desk, role, { recordsOf: 'claims' });
  }
  const resources = resourcesOf(stack);
  account = new AwsAccount(resources);
  endpoint = await openEndpoint(account);
  account.place(endpoint.url);
  functions = new DeployedFunctions(account, endpoint.url, resources, (id) => {
    if (id.startsWith('Desk')) return bundleService(SERVICE).folder;
    const system = id.startsWith('Claims') ? claims.name : refunds.name;
    const name = (['advance-processes', 'sweep-timers', 'wake-overdue', 'drain-dead-letters', 'retire-closed'] as const).find((each) =>
      id.toLowerCase().includes(each.replace('-', '')),
    );
    return bundleFunctions({ entry: ENTRY, system }).folders[name as FunctionName];
  });
  const optionsOf = (name: string, role: string) => ({
    name,
    region: REGION,
    endpoint: endpoint.url,
    credentials: { accessKeyId: account.roleOf(role), secretAccessKey: 'secret' },
  });
  ofClaims = connect(claims, aws(optionsOf('claims', 'ClerkOfClaims')));
  ofRefunds = connect(refunds, aws(optionsOf('refunds', 'ClerkOfRefunds')));
}, 120_000);

afterAll(async () => {
  await endpoint.close();
  vi.restoreAllMocks();
});

const tokenOf = (text: string): string => Reflect.get(globalThis, `desk token of ${text}`) as string;

describe('a function of two systems, with the rights of its template', () => {
  test('equal ids of two systems are two tasks, each answered by its token in its own system', async () => {
    // Both systems receive one event, so the ids of their runs and commands are equal.
    await ofClaims.publish(CaseOpened, { id: '1', text: 'claim  1' }, { id: 'e-1' });
    await ofRefunds.publish(CaseOpened, { id: '1', text: `refund 1${LARGE}` }, { id: 'e-1' });
    await functions.run();
    const records = account.tables.get('claims-desk-commands')?.items.map((item) => item['id']?.S ?? '') ?? [];
    const [bare = ''] = records.filter((id) => !id.includes('|'));
    expect(records.toSorted()).toEqual([bare, `refunds|${bare}`]);
    expect(account.tables.get('refunds-desk-commands')?.items).toEqual([]);

    await ofRefunds.complete(desk.approve, tokenOf('refund 1'), { by: `ada${LARGE}` });
    await functions.run();
    expect((await ofRefunds.describe(reviewRefund, '1')).status).toBe('completed');
    expect((await ofClaims.describe(reviewClaim, '1')).status).toBe('running');
    await ofClaims.complete(desk.approve, tokenOf('claim  1'), { by: 'bob' });
    await functions.run();
    expect((await ofClaims.describe(reviewClaim, '1')).status).toBe('completed');
    assert.deepEqual(account.refused, []);
  });

  test('a clerk of one system may not touch the records of the other, in the table that both share', async () => {
    await ofClaims.publish(CaseOpened, { id: '2', text: 'claim  2' });
    await ofRefunds.publish(CaseOpened, { id: '2', text: 'refund 2' });
    await functions.run();
    await expect(ofClaims.complete(desk.approve, tokenOf('refund 2'), { by: 'bob' })).rejects.toMatchObject({ code: 'DENIED' });
    await expect(ofRefunds.complete(desk.approve, tokenOf('claim  2'), { by: 'ada' })).rejects.toMatchObject({ code: 'DENIED' });
    expect(account.refused.splice(0).map(({ who, action }) => [who.slice(0, 13), action])).toEqual([
      ['ClerkOfClaims', 'dynamodb:GetItem'],
      ['ClerkOfRefund', 'dynamodb:GetItem'],
    ]);
  });

  test('a message that is no command goes to the dead-letter queue of its own system', async () => {
    account.enqueue('refunds-desk', 'no command');
    await functions.run({ only: 'Desk' });
    expect(account.queues.get('refunds-desk-dead-letter')).toHaveLength(1);
    expect(account.queues.get('claims-desk-dead-letter')).toEqual([]);
    assert.deepEqual(account.refused, []);
  });

  test('no right on the table of the further system is given', () => {
    const role = account.roles.get(account.roleOf('DeskService'));
    const tables = role?.statements.flatMap(({ Resource }) => Resource).filter((each) => each.includes(':table/'));
    expect(tables).toEqual([expect.stringContaining('table/claims-desk-commands')]);
  });
});
