import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const empty = mkdtempSync(join(tmpdir(), 'localstack-start-'));

afterAll(() => rmSync(empty, { recursive: true }));

/** `npm run localstack` on a machine with nothing but Node, and that environment. */
const start = (
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): { readonly status: number | null; readonly stderr: string } =>
  spawnSync(process.execPath, ['--import', 'tsx', 'test/localstack/start.ts', ...args], {
    cwd: root,
    env: { PATH: empty, HOME: empty, XDG_CACHE_HOME: empty, ...environment },
    encoding: 'utf8',
    timeout: 25_000,
  });

test.each(['http://192.0.2.1:4566', 'https://sqs.us-east-1.amazonaws.com', 'http://127.0.0.1.example.com', 'nowhere'])(
  'npm run localstack refuses %s, which is not this machine',
  (endpoint) => {
    const { status, stderr } = start({ AWS_ENDPOINT_URL: endpoint });
    expect(stderr).toContain('must be on this machine');
    expect(status).toBe(1);
  },
);

test('npm run localstack does not start another where the endpoint that was given does not answer', () => {
  const { status, stderr } = start({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  expect(stderr).toContain('no LocalStack answers there');
  expect(status).toBe(1);
});

test('npm run localstack names everything that is missing, with how to get it', () => {
  const { status, stderr } = start({});
  for (const missing of ['Docker', 'Python 3.13', 'Java 17', 'Maven', 'apt install']) expect(stderr).toContain(missing);
  expect(status).toBe(1);
});

test.each(['0', '65536', 'seven'])('npm run localstack refuses the port %s', (port) => {
  const { status, stderr } = start({}, '--port', port);
  expect(stderr).toContain(`--port ${port} is no port`);
  expect(status).toBe(1);
});
