import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App } from 'aws-cdk-lib/core';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildSync } from 'esbuild';
import { bundleFunctions, cachedAdvance } from '../../lib/cdk/bundle/bundle.ts';
import { withCodeCache } from '../../lib/cdk/bundle/code-cache/code-cache.ts';
import { firstEvent } from '../../lib/cdk/bundle/code-cache/first-event.ts';
import { startStub, stubEnvironment } from '../../lib/cdk/bundle/code-cache/stub-aws.ts';
import { CheckoutTravelCart } from '../../examples/travel-booking/contracts.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { parse } from '../../lib/contract/schema.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { testFolder } from '../local/running-jobs.ts';
import { testStack, tripsOrchestrator } from './synthesized.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SYSTEM = { entry: join(import.meta.dirname, '../../examples/travel-booking/system.ts'), system: 'trips' };

/** Loads a function in a new process and calls it once. */
const CALL = `const { handler } = require(process.argv[1] + '/index.js');
handler(JSON.parse(process.argv[2]), { getRemainingTimeInMillis: () => 20_000 }).then((answer) => console.log(JSON.stringify(answer)));`;

interface Called {
  readonly answer: unknown;
  readonly logged: string;
  /** The calls to AWS. */
  readonly calls: readonly string[];
}

async function call(folder: string, ...flags: readonly string[]): Promise<Called> {
  const stub = await startStub();
  const env = { ...process.env, ...stubEnvironment(stub.endpoint), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  try {
    const parts = [...flags, '-e', CALL, folder, JSON.stringify(firstEvent(trips))];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, parts, { env });
    return { answer: JSON.parse(stdout), logged: stderr, calls: stub.targets };
  } finally {
    stub.close();
  }
}

const refusals = (logged: string): number => logged.match(/event: 'code-cache'/g)?.length ?? 0;

let plain: string;
let cached: string;
let hash: string;

const writeLoader = (outfile: string): void => {
  const entryPoints = [join(import.meta.dirname, '../../functions/load-bundle.ts')];
  buildSync({ entryPoints, outfile, bundle: true, format: 'cjs', platform: 'node' });
};
/** The cache of this Node, which may be another one than that of Lambda. */
const made = (to: string) => withCodeCache(plain, to, { node: process.execPath, event: firstEvent(trips), writeLoader });

beforeAll(() => {
  plain = bundleFunctions(SYSTEM).folders['advance-processes'];
  cached = join(plain, '../cached');
  cpSync(plain, cached, { recursive: true });
  for (const name of readdirSync(cached)) rmSync(join(cached, name));
  const bundle = made(cached);
  if (typeof bundle === 'string') throw new Error(bundle);
  hash = bundle.assetHash;
});
afterAll(() => rmSync(cached, { recursive: true, force: true }));

test('a function with a code cache starts without compiling it, and decides as without one', async () => {
  const [before, after] = [await call(plain), await call(cached)];
  expect(after).toEqual({ ...before, answer: { batchItemFailures: [] } });
  expect(after.logged).toBe('');
  expect(after.calls).toContain('UpdateItem');
  expect(readdirSync(cached).toSorted()).toEqual(['bundle.js', `bundle.${process.arch}.cache`, 'index.js', 'package.json']);
});

test('a cache that V8 refuses is logged once, and the function works without it', async () => {
  const other = testFolder();
  cpSync(cached, other, { recursive: true });
  const file = join(other, `bundle.${process.arch}.cache`);
  // The version of V8 lies behind the magic number.
  const bytes = readFileSync(file);
  bytes.writeUInt32LE(bytes.readUInt32LE(4) + 1, 4);
  writeFileSync(file, bytes);
  const refused = await call(other);
  expect(refused.answer).toEqual({ batchItemFailures: [] });
  expect(refusals(refused.logged)).toBe(1);
  // The cache of another processor is not read.
  renameSync(file, join(other, 'bundle.other.cache'));
  expect(refusals((await call(other)).logged)).toBe(1);
});

test('V8 takes the cache with and without the flags of Lambda', async () => {
  // Before Node 24, V8 compares the sizes of the heap too.
  const sizes = process.version.startsWith('v24.') ? ['--max-semi-space-size=24', '--max-old-space-size=460'] : [];
  expect(await call(cached, '--expose-gc', '--max-http-header-size=81920', ...sizes)).toMatchObject({
    logged: '',
    answer: { batchItemFailures: [] },
  });
});

test('a cold start under the flags of Lambda does not load v8, which would cost milliseconds', async () => {
  const script = `require(process.argv[1] + '/index.js'); console.log(process.moduleLoadList.join());`;
  const loaded = async (folder: string, ...flags: readonly string[]): Promise<boolean> => {
    const env = { ...process.env, ...stubEnvironment('http://127.0.0.1:9') };
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', script, folder], { env });
    return stdout.split(',').includes('NativeModule v8');
  };
  expect(await Promise.all([loaded(plain), loaded(cached, '--expose-gc'), loaded(cached)])).toEqual([false, false, true]);
});

test('the same code and Node are the same asset, and a Node that is not 24 makes no cache', () => {
  expect(made(testFolder())).toMatchObject({ assetHash: hash });
  expect(cachedAdvance({ ...SYSTEM, node: '/nowhere/node', event: {} })).toBe('/nowhere/node is no Node, expected Node 24');
});

test('synth warns if the Node that codeCacheNode names makes no cache', () => {
  const stack = testStack('Uncached', new App());
  tripsOrchestrator(stack, { codeCacheNode: '/nowhere/node', steps: false });
  const text = 'advance-processes has no code cache, so its cold starts take longer: /nowhere/node is no Node, expected Node 24.';
  expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(text))).toHaveLength(1);
});

test('the first event starts each process with data that its contract takes', () => {
  const { Records } = firstEvent(trips) as { readonly Records: readonly { readonly body: string }[] };
  const body = JSON.parse(Records[0]!.body) as { readonly 'detail-type': string; readonly detail: unknown };
  const { data } = systemContract(trips).events.get(body['detail-type'])!;
  expect(body['detail-type']).toBe(CheckoutTravelCart.type);
  expect(parse(data, body.detail, 'the first event')).toEqual(body.detail);
});
