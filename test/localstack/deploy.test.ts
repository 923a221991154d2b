import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Deploys to an endpoint; nothing listens on port 9 of this machine. */
const deploy = (endpoint: string): { readonly status: number | null; readonly stderr: string } =>
  spawnSync(process.execPath, ['--conditions=source', '--import', 'tsx', 'test/localstack/deploy.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
  });

test.each(['https://sqs.us-east-1.amazonaws.com', 'http://127.0.0.1.example.com:4566', 'http://10.0.0.1:4566', '127.0.0.1:4566'])(
  'deploy:local refuses %s, which is not known to be this machine',
  (endpoint) => {
    const { status, stderr } = deploy(endpoint);
    expect(stderr).toContain(`AWS_ENDPOINT_URL is ${endpoint}, which is not this machine.`);
    expect(status).toBe(2);
  },
);

test('deploy:local says what to do where no LocalStack answers', () => {
  const { status, stderr } = deploy('http://127.0.0.1:9');
  expect(stderr).toContain('no LocalStack answers at http://127.0.0.1:9: start one with npm run localstack');
  expect(status).toBe(1);
});
