import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { environmentOf, freePort } from './endpoint.ts';
import { startLocalStack } from './localstack.ts';
import type { Running } from './running.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The parent process of the functions of LocalStack; undefined if the user gave an endpoint. */
    readonly localStackProcesses: Running['processes'];
    /** A folder of this run, for data that one test file leaves to the next. */
    readonly workFolder: string;
  }
}

/** Before the tests that need LocalStack: the one that the user gave, else one of their own on a free port, ended after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = await startLocalStack(freePort, (line) => process.stderr.write(`localstack: ${line}\n`));
  // Test processes inherit it, so clients take the endpoint from their environment as they do everywhere.
  Object.assign(process.env, environmentOf(running.endpoint));
  const workFolder = mkdtempSync(join(tmpdir(), 'localstack-tests-'));
  project.provide('localStackProcesses', running.processes);
  project.provide('workFolder', workFolder);
  return async () => {
    rmSync(workFolder, { recursive: true, force: true });
    await running.stop();
  };
}
