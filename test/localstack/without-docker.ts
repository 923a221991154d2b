import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endpointOf, isHealthy } from './endpoint.ts';
import { install, installationFolder, installedPython } from './installation.ts';
import type { Running } from './running.ts';
import { nodeForFunctions } from './node-for-functions.ts';

/** Starts LocalStack's own code, from PyPI, as a process of this machine; functions are child processes of it (executor/). */
export async function startWithoutDocker(port: number, say: (line: string) => void): Promise<Running> {
  const folder = await install(say);
  const node = nodeForFunctions(say);
  const state = join(folder, `run-${port}`);
  rmSync(state, { recursive: true, force: true });
  mkdirSync(join(state, 'tmp'), { recursive: true });
  const log = join(state, 'log');
  writeFileSync(log, '');
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('keeper.mjs', import.meta.url)), log, installedPython(folder), '-m', 'localstack.runtime.main'],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
      detached: true,
      env: settings(port, folder, join(state, 'tmp'), node),
    },
  );
  writeFileSync(join(state, 'pid'), String(keeper.pid));
  await answering(keeper, endpointOf(port), log);
  say(`up on ${endpointOf(port)}, without Docker: functions are processes of this machine; log at ${log}`);
  return { endpoint: endpointOf(port), stop: () => ended(keeper), processes: { parent: keeper.pid! }, startedHere: true };
}

/** The process above the functions of a LocalStack that this starter keeps on that port, if there is one. */
export function keeperOf(port: number): number | undefined {
  const note = join(installationFolder(), `run-${port}`, 'pid');
  if (!existsSync(note)) return undefined;
  const pid = Number(readFileSync(note, 'utf8'));
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

/** Only what is named here reaches LocalStack: a proxy or a profile of the user's shell changes nothing. */
const settings = (port: number, folder: string, temporary: string, node: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  LANG: 'C.UTF-8',
  TMPDIR: temporary,
  LAMBDA_NODE_BIN: node,
  DEBUG: process.env['LOCALSTACK_DEBUG'] ?? '0',
  OVERRIDE_IN_DOCKER: '0',
  FILESYSTEM_ROOT: join(folder, 'root'),
  GATEWAY_LISTEN: `127.0.0.1:${port}`,
  LOCALSTACK_HOST: `127.0.0.1:${port}`,
  GATEWAY_SERVER: 'hypercorn',
  DNS_ADDRESS: '0',
  LAMBDA_RUNTIME_EXECUTOR: 'node',
  DYNAMODB_IN_MEMORY: '1',
  PROVIDER_OVERRIDE_DYNAMODB: 'v2',
  ...commonSettings,
});

/** Environment of LocalStack with and without Docker: no usage reports, and queues are polled without long pauses. */
export const commonSettings = {
  DISABLE_EVENTS: '1',
  SKIP_SSL_CERT_DOWNLOAD: '1',
  EAGER_SERVICE_LOADING: '0',
  SQS_ENDPOINT_STRATEGY: 'path',
  LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC: '0.25',
  LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC: '1',
  LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC: '5',
};

async function answering(keeper: ChildProcess, endpoint: string, log: string): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (await isHealthy(endpoint)) return;
    if (keeper.exitCode !== null) throw new Error(`LocalStack ended while starting. The end of its log:\n${lastLines(log)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await ended(keeper);
  throw new Error(`LocalStack did not answer within 60 seconds. The end of its log:\n${lastLines(log)}`);
}

const ended = (keeper: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (keeper.exitCode !== null) return resolve();
    keeper.once('exit', () => resolve());
    keeper.stdin!.end();
  });

export const lastLines = (file: string, count = 40): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
