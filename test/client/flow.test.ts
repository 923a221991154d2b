import { expect, onTestFinished, test } from 'vitest';
import { local } from 'tutti/local';
import { connect } from '../../lib/client/connect.ts';
import { connectionPorts, type Reach } from '../../lib/client/connection.ts';
import { flowOf, flowOfInstance } from '../../lib/client/flow.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { storeFlows, type BuiltFlow } from '../../lib/format/stored-flow.ts';
import { Runtime, type RuntimeOptions } from '../../lib/local/runtime.ts';
import { flowsOfFiles } from '../flow/of-code.ts';
import { testFolder } from '../local/running-jobs.ts';
import { Paid, permit, permits } from './permits.ts';

const ENTRY = new URL('permits.ts', import.meta.url);

const started = async (options: Partial<RuntimeOptions> = {}) => {
  const runtime = new Runtime(permits, { services: [], ...options });
  await runtime.start();
  onTestFinished(() => runtime.stop());
  const reach: Reach = { system: systemContract(permits), ports: connectionPorts(runtime.connection) };
  return { runtime, reach, client: connect(permits, runtime.connection) };
};

/** The graph that a build of this body has read. */
const built = async (body: string, version = 1): Promise<BuiltFlow> => {
  const [flow] = await flowsOfFiles({
    'permit.ts': `export const permit = process('permit', { version: ${version} }, async (ctx) => { ${body} });`,
  });
  return { definition: `permit@${version}`, code: flow?.code ?? '', flow: flow as never };
};

test('a flow is found by version and code, and is the newest one without them, also after a rollback', async () => {
  const { runtime, reach } = await started();
  const store = runtime.state.processStore;
  const [one, two] = [await built(`await ctx.sleep('1 day');`), await built(`await ctx.sleep('2 days');`)];
  expect(await storeFlows(store, [one], 1_000)).toBe(1);
  expect(await storeFlows(store, [one], 2_000)).toBe(0);
  await storeFlows(store, [two], 3_000);
  expect(await flowOf(reach, 'permit')).toEqual({
    flow: two.flow,
    code: two.code,
    at: '1970-01-01T00:00:03.000Z',
    codes: [
      { code: two.code, at: '1970-01-01T00:00:03.000Z' },
      { code: one.code, at: '1970-01-01T00:00:01.000Z' },
    ],
  });
  expect(await flowOf(reach, 'permit', { version: 1, code: one.code })).toMatchObject({ flow: one.flow, at: '1970-01-01T00:00:01.000Z' });
  await storeFlows(store, [one], 4_000);
  expect(await flowOf(reach, 'permit')).toMatchObject({ code: one.code, at: '1970-01-01T00:00:01.000Z' });
  const other = await built(`await ctx.sleep('3 days');`, 2);
  await storeFlows(store, [other], 5_000);
  expect(await flowOf(reach, 'permit', { version: 2 })).toMatchObject({ flow: { version: 2 }, code: other.code });
});

test.each([
  [{}, 'No flow of permit is stored'],
  [{ version: 7 }, 'No flow of permit version 7 is stored'],
  [{ code: 'ffffffffffffffff' }, 'No flow of permit with the code ffffffffffffffff is stored'],
])('a flow that is not stored is NOT_FOUND: %o', async (options, message) => {
  const { client, runtime } = await started();
  if ('code' in options) await storeFlows(runtime.state.processStore, [await built('')], 1_000);
  await expect(client.flow(permit, options)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(message) });
});

test('a folder stores the flows of its source, and each run keeps the one that began it', async () => {
  const directory = testFolder();
  const { client, reach, runtime } = await started({ directory, entry: ENTRY, flows: true });
  await client.start(permit, {}, { id: 'p' });
  const stored = await client.flow(permit);
  expect(stored).toMatchObject({ flow: { process: 'permit', version: 1, kind: 'async', unresolved: [] }, codes: [{ code: stored.code }] });
  const [first] = (await runtime.state.processStore.load(['default#permit#p'], { consistent: true })).map((head) => head?.tail[0]);
  expect(JSON.parse(first ?? '{}')).toMatchObject({ type: 'ProcessStarted', code: stored.code });

  const later = await built(`await ctx.sleep('9 days');`);
  await storeFlows(runtime.state.processStore, [later], Date.now());
  expect((await client.flow(permit)).code).toBe(later.code);
  expect((await flowOfInstance(reach, { process: 'permit', id: 'p' })).code).toBe(stored.code);
  // A client in another process reads it through the socket of the folder.
  expect(await connect(permits, local(directory)).flow(permit, { code: stored.code })).toMatchObject({ flow: stored.flow });
});

test('a system without entry, or of another text than a file, starts without flows', async () => {
  const { client } = await started({ flows: true });
  await client.start(permit, {}, { id: 'p' });
  await expect(client.flow(permit)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('counts tell how many open instances wait at each node, from a sample that may be smaller', async () => {
  const { client, reach } = await started({ entry: ENTRY, flows: true });
  for (const id of ['a', 'b', 'c']) await client.start(permit, {}, { id });
  const waits = async () => {
    const { flow, counts } = await client.flow(permit, { sample: 10 });
    const labels = new Map(flow.nodes.map((node) => [node.id, node.label]));
    return { ...counts, nodes: Object.entries(counts?.nodes ?? {}).map(([id, count]) => `${labels.get(id)} ${count}`) };
  };
  await client.signal(permit, 'a', Paid, { id: 'a' });
  await expect.poll(waits, { timeout: 10_000 }).toEqual({ sampled: 3, more: false, nodes: ['house.paid 2', 'wait 1 day 1'], unplaced: 0 });
  expect((await flowOf(reach, 'permit', { sample: 2 })).counts).toMatchObject({ sampled: 2, more: true });
});
