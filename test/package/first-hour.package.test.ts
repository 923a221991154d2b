import assert from 'node:assert/strict';
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The commands of README.md for a first process, one a line. */
const [install = [], run = []] = ((): string[][] => {
  const [, block = ''] = /## Your first process[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
  const lines = block.trim().split('\n');
  const first = lines.findIndex((line) => line.startsWith('npx tutti dev'));
  return [lines.slice(0, first), lines.slice(first)];
})();

let folder: string;
let ran: SpawnSyncReturns<string>[];

const shell = (command: string): SpawnSyncReturns<string> =>
  spawnSync('bash', ['-ec', command], { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', CI: 'true' } });

const shellOrThrow = (command: string): void => {
  const { status, stdout, stderr } = shell(command);
  assert.equal(status, 0, `${command} ended with ${status}: ${stdout}${stderr}`);
};

/** Nothing but the packed package is in the folder when the first command runs. */
beforeAll(() => {
  const work = mkdtempSync(join(tmpdir(), 'tutti-first-hour-'));
  const staged = join(work, 'staged');
  folder = join(work, 'seats');
  mkdirSync(folder);
  const { files, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[]; version: string };
  for (const path of ['package.json', ...files.filter((path) => path !== 'dist')]) {
    mkdirSync(dirname(join(staged, path)), { recursive: true });
    cpSync(join(root, path), join(staged, path), { recursive: true });
  }
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', join(staged, 'dist')], { cwd: root });
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: staged, stdio: 'ignore' });
  assert.ok(install.join('\n').includes(`tutti-${version}.tgz`), 'README.md installs another version than is packed');
  for (const command of install) shellOrThrow(command);
  ran = run.map(shell);
});
afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

test('README.md installs the package and runs a system, a timeline and the tests', () => {
  expect(run).toEqual([expect.stringContaining('npx tutti dev'), expect.stringContaining('npx tutti show'), 'npx vitest run']);
});

test('the first process runs from its TypeScript without a flag, completes and undoes', () => {
  const [dev, show] = ran;
  expect([dev?.status, dev?.stderr]).toEqual([0, '']);
  expect(dev?.stdout).toMatch(/book-seat c-1 +completed {"seat":"12A"}\n/);
  expect(dev?.stdout).toMatch(/\n2 instances: (?:1 completed, 1 failed|1 failed, 1 completed)\n/);
  expect(show?.stdout).toMatch(/payments\.refund sent to undo payments\.charge\n[^]*failed: flights\.book failed with SoldOut\n/);
});

test('the tests of the first process pass', () => {
  expect([ran[2]?.status, ran[2]?.stdout]).toEqual([0, expect.stringMatching(/2 passed/)]);
});

test('without tsx, the command line prints the command that installs it and runs again', () => {
  // Node reads TypeScript by itself from 22.18 on.
  const own = Number(process.versions.node.split('.')[0]) >= 22;
  shellOrThrow('mv node_modules/tsx ..');
  const { status, stderr } = shell('npx tutti dev system.ts services.ts --memory --once');
  shellOrThrow('mv ../tsx node_modules');
  if (own) expect(status).toBe(0);
  else
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('npm install --save-dev tsx && npx tutti dev system.ts services.ts --memory --once'),
    ]);
});

describe('packages that an author of processes does not install', () => {
  /** The command that an error prints. */
  const installLine = (text: string): string => /Install it: (npm install [\w@/ -]+)/.exec(text)?.[1] ?? '';
  const tsx = (code: string): SpawnSyncReturns<string> => {
    writeFileSync(join(folder, 'by-use.ts'), code);
    return shell('node --import tsx by-use.ts');
  };
  /** The code and the remedy of the error that `act` throws. */
  const caught = (imports: string, act: string): string =>
    tsx(`${imports}; await (async () => ${act})().catch(({ code, remedy }: any) => console.log(code, remedy));`).stdout;
  const LIST = 'npx tutti list --stack seats --region eu-central-1';
  const SYNTH = `import { App, Stack } from 'aws-cdk-lib/core'; import { Orchestrator } from 'tutti/cdk';
import { seats } from './system.ts'; new Orchestrator(new Stack(new App(), 'Seats'), 'Seats', { system: seats, entry: 'system.ts' });`;

  test('neither the AWS SDK nor the CDK is installed with tutti', () => {
    expect(shell('ls node_modules node_modules/@aws-sdk').stdout).not.toMatch(/aws/);
  });

  test('the command line, the client, a poller and dynamoStore print the line that installs the SDK', () => {
    const { status, stderr } = shell(LIST);
    expect([status, stderr]).toEqual([2, expect.stringContaining('needs @aws-sdk/client-')]);
    expect(installLine(stderr).split(' ')).toHaveLength(2 + 6);
    const tried = [
      caught(
        "import { seats } from './system.ts'; import { aws, connect } from 'tutti/client'",
        "connect(seats, aws({ name: 'seats' })).list()[Symbol.asyncIterator]().next()",
      ),
      caught("import { services } from './services.ts'", "services[0]!.poll({ queueUrl: 'https://sqs.test/q' })"),
      caught("import { dynamoStore } from 'tutti/service'", "(dynamoStore({ table: 't' }) as any)['~records'].read('c')"),
    ];
    for (const output of tried) expect(output).toMatch(/^PACKAGE_MISSING Install it: npm install @aws-sdk\/client-dynamodb/);
    rmSync(join(folder, 'by-use.ts'));
  });

  test('without libsql, tutti dev prints the line that installs it, and runs in memory', () => {
    shellOrThrow('mv node_modules/libsql ..');
    const [folder, memory, tests] = [
      'npx tutti dev system.ts services.ts --once --local .other',
      `${run[0]} --memory`,
      'npx vitest run',
    ].map(shell);
    shellOrThrow('mv ../libsql node_modules');
    expect([folder?.status, installLine(folder?.stderr ?? '')]).toEqual([2, 'npm install libsql']);
    expect([memory?.status, memory?.stderr]).toEqual([0, '']);
    expect([tests?.status, tests?.stdout]).toEqual([0, expect.stringMatching(/2 passed/)]);
  });

  test('an app prints the line that installs the packages of its functions, and needs no further one', { timeout: 600_000 }, () => {
    writeFileSync(join(folder, 'by-use.ts'), SYNTH);
    shellOrThrow('npm install --save-dev aws-cdk-lib constructs esbuild');
    const { status, stderr } = shell('node --import tsx by-use.ts');
    expect([status, stderr]).toEqual([1, expect.stringContaining('Functions cannot be built: @aws-sdk/client-')]);
    shellOrThrow(installLine(stderr));
    expect(shell('node --import tsx by-use.ts')).toMatchObject({ status: 0 });
    shellOrThrow(installLine(shell(LIST).stderr));
    const listed = shell(`AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b ${LIST}`);
    expect([listed.status, listed.stderr]).toEqual([4, expect.stringContaining('UNREACHABLE')]);
    rmSync(join(folder, 'by-use.ts'));
  });
});

describe('the installed types', () => {
  const compilers = { 'TypeScript 5.9': 'typescript59', 'TypeScript 7': 'typescript7' };

  beforeAll(() => {
    const typed = ['literals.ts', 'assert.ts'];
    for (const name of typed) cpSync(join(root, 'test/types', name), join(folder, name));
    writeFileSync(join(folder, 'misuse.ts'), MISUSE);
    const options = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    };
    const compilerOptions = { ...options, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, types: ['node'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, exclude: ['misuse.ts'] }));
    writeFileSync(
      join(folder, 'tsconfig.misuse.json'),
      JSON.stringify({ extends: './tsconfig.json', include: ['misuse.ts'], exclude: [] }),
    );
    shellOrThrow('npm install --save-dev typescript59@npm:typescript@5.9 typescript7@npm:typescript@7 valibot');
  });

  test.each(Object.entries(compilers))(
    'check with %s: literals survive, and a process, its services and its test compile',
    (_, compiler) => {
      const { status, stdout } = shell(`node node_modules/${compiler}/bin/tsc -p .`);
      expect([status, stdout]).toEqual([0, '']);
    },
  );

  test.each(Object.entries(compilers))('report each misuse in one sentence with %s', (_, compiler) => {
    const { status, stdout } = shell(`node node_modules/${compiler}/bin/tsc -p tsconfig.misuse.json`);
    expect(status).not.toBe(0);
    for (const sentence of SENTENCES) expect(stdout).toContain(sentence);
    expect(stdout.match(/^misuse\.ts/gm)).toHaveLength(SENTENCES.length);
  });
});

const MISUSE = `import * as z from 'zod';
import { command, event, process, service } from 'tutti';
import { serve } from 'tutti/service';
import { bookSeat } from './book-seat.ts';
interface Receipt { paymentId: string }
const Other = event('x.other', z.object({ n: z.int() }));
const doors = service('doors', { open: command({ input: z.object({}), output: z.object({ to: z.enum(['left', 'right']) }) }) });
export const result = process('p', {}, async (): Promise<Receipt> => ({ paymentId: 'p' }));
export const date = process('p', {}, async () => ({ at: new Date() }));
export const undeclared = process('p', {}, async (ctx) => { await ctx.waitFor(Other); });
export const unpublished = process('p', {}, async (ctx) => { ctx.publish(Other, { n: 1 }); });
export const called = process('p', {}, async (ctx) => { await ctx.call(bookSeat, {}); });
export const superfluous = serve(doors, { open: async () => ({ to: 'left' }), close: async () => {} });
export const wrong = serve(doors, { open: async () => ({ to: 'middle' }) });
`;

const SENTENCES = [
  'result is not plain JSON: declare a type, not an interface',
  'result.at is a Date, which is not JSON: write an ISO string',
  'x.other is not declared: add it to receives in the options of the process',
  'x.other is not declared: add it to publishes in the options of the process',
  'a process is not called: publish the event that starts it, and wait for an event that it publishes',
  "'close' does not exist in type",
  '"middle"',
];
