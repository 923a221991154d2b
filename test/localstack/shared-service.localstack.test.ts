import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, test } from 'vitest';
import { aws, connect } from 'tutti/client';
import { taskToken } from '../../lib/service/task-token.ts';
import { findDeployment, type Deployment } from './outside/deployment.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { runCdk } from './program.ts';
import { claims, desk, refunds, reviewClaim, reviewRefund } from './systems/desks.ts';

let ofClaims: Deployment;
let ofRefunds: Deployment;

const cdk = (...args: readonly string[]): Promise<void> => runCdk('shared-app.ts', args);

beforeAll(async () => {
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--all', '--require-approval', 'never');
  [ofClaims, ofRefunds] = [await findDeployment(claims.name), await findDeployment(refunds.name)];
});

interface Signature {
  readonly key: string;
  readonly nonce: string;
}

/** The deferred commands in the table of the records: key and nonce. */
async function deferred(): Promise<readonly Signature[] | undefined> {
  const { Items = [] } = await ofClaims.dynamodb.send(new ScanCommand({ TableName: 'claims-desk-commands', ConsistentRead: true }));
  const waiting = Items.filter(({ state }) => state?.S === 'DEFERRED').map(({ id, nonce }) => ({
    key: id?.S ?? '',
    nonce: nonce?.S ?? '',
  }));
  return waiting.length === 2 ? waiting : undefined;
}

test('one function serves two systems: equal command ids, one table, and each reply in its own system', { timeout: 300_000 }, async () => {
  const id = `case-${Date.now().toString(36)}`;
  for (const deployment of [ofClaims, ofRefunds]) await publish(deployment, 'web.case-opened', { id }, { id: `opened-${id}` });
  const waiting = await until('two deferred signatures', deferred);
  const [bare] = waiting.filter(({ key }) => !key.includes('|')) as [Signature];
  const [named] = waiting.filter(({ key }) => key.includes('|')) as [Signature];
  expect(named.key).toBe(`refunds|${bare.key}`);

  const clients = [connect(claims, aws({ name: claims.name })), connect(refunds, aws({ name: refunds.name }))] as const;
  const tokenOf = ({ key, nonce }: Signature): string => taskToken({ service: 'desk', commandId: key, nonce });
  await clients[1].complete(desk.sign, tokenOf(named), { by: 'ada' });
  const refund = await clients[1].result(reviewRefund, id);
  expect(refund).toEqual({ key: expect.stringMatching(/^refunds\|default#review#/), by: 'ada' });
  expect((await clients[0].describe(reviewClaim, id)).status).toBe('running');
  await clients[0].complete(desk.sign, tokenOf(bare), { by: 'bob' });
  const claim = await clients[0].result(reviewClaim, id);
  expect(claim).toEqual({ key: expect.stringMatching(/^default#review#/), by: 'bob' });
  expect(`refunds|${(claim as { readonly key: string }).key}`).toBe((refund as { readonly key: string }).key);

  const unused = await ofRefunds.dynamodb.send(new ScanCommand({ TableName: 'refunds-desk-commands' }));
  expect(unused.Count).toBe(0);
});
