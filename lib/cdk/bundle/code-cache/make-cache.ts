import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFile, runBundle } from './bundle-script.ts';
import { startStub, stubEnvironment } from './stub-aws.ts';

/**
 * A program that lib/cdk/bundle/code-cache/code-cache.ts runs on the Node of the deployment. It calls the function of a folder once against
 * a stub of AWS, and writes the code that V8 has compiled by then beside it. It reads a `FirstCall` as JSON from stdin.
 */
export interface FirstCall {
  readonly folder: string;
  readonly event: object;
}

const { folder, event } = JSON.parse(readFileSync(0, 'utf8')) as FirstCall;
const stub = await startStub();
Object.assign(process.env, stubEnvironment(stub.endpoint));
const { script, exports } = runBundle(folder, createRequire(join(folder, 'index.js')));
const handler = exports.handler as (event: unknown, context: object) => Promise<unknown>;
await handler(event, { getRemainingTimeInMillis: () => 20_000 });
writeFileSync(join(folder, cacheFile()), script.createCachedData());
// Code of the user may hold this process open.
process.exit(0);
