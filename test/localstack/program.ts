import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The output of a program, without the last line break; undefined if the program is missing or fails. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 });
  return status === 0 ? (stdout === '' ? stderr : stdout).trim() : undefined;
}

/** Runs a program to its end; what it prints goes to stderr, where progress belongs. */
export const run = (command: string, args: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2] });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}; what it said is above.`)),
    );
  });

/** Runs a program to its end. If it fails, the error contains its output. */
export const runQuietly = (
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0 ? resolve(said) : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}. It said:\n${said}`)),
    );
  });

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command line of CDK on an app of this folder, such as `app.ts`. */
export async function runCdk(app: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const output = mkdtempSync(join(tmpdir(), 'cdk-'));
  const program = `node --conditions=source --import tsx test/localstack/${app}`;
  try {
    await runQuietly('npx', ['cdk', ...args, '--app', program, '--output', output, '--no-notices', '--ci'], {
      cwd: root,
      env: { ...process.env, ...environment, CDK_VALIDATION: 'false', CDK_DISABLE_CLI_TELEMETRY: 'true' },
    });
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
