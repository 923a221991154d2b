import assert from 'node:assert/strict';
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const { files, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[]; version: string };

type Ran = SpawnSyncReturns<string>;

/** A block of a page: a file whose name is its first line, or commands. */
interface Block {
  readonly language: 'ts' | 'sh';
  readonly text: string;
  /** The name of the file. */
  readonly file: string | undefined;
}

/** The blocks of one chapter that a reader types in, in order. */
const blocksOf = (page: string, chapter: string): readonly Block[] => {
  const [, text = ''] = new RegExp(`^## ${chapter}$([\\s\\S]*?)(?=^## )`, 'm').exec(readFileSync(join(root, page), 'utf8')) ?? [];
  return [...text.matchAll(/^```(ts|sh)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language: language as 'ts' | 'sh',
    text: code,
    file: /^\/\/ (\S+\.ts)$/m.exec(code.slice(0, code.indexOf('\n')))?.[1],
  }));
};

let folder: string;

const shell = (command: string): Ran =>
  spawnSync('bash', ['-ec', command], { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', CI: 'true' } });

const shellOrThrow = (command: string): void => {
  const { status, stdout, stderr } = shell(command);
  assert.equal(status, 0, `${command} ended with ${status}: ${stdout}${stderr}`);
};

/** The package comes from the packed tgz, as README says while no registry has it. Tests get the time that a busy machine needs. */
const runnable = (commands: string): string =>
  commands
    .replaceAll(/^npm install tutti /gm, `npm install ./tutti-${version}.tgz `)
    .replaceAll(/^npx vitest run/gm, 'npx vitest run --testTimeout=120000');

/** Types a chapter in: writes its files and runs its commands, each block in one shell. Returns what each block of commands printed. */
const follow = (page: string, chapter: string): ReadonlyMap<string, Ran> => {
  const ran = new Map<string, Ran>();
  for (const { language, text, file } of blocksOf(page, chapter)) {
    if (language === 'sh') ran.set(text, shell(runnable(text)));
    else {
      assert.ok(file, `${page} has a block without a file name: ${text.slice(0, 60)}`);
      writeFileSync(join(folder, file), text);
    }
  }
  return ran;
};

/** The output of the block that has this command. */
const printedBy = (ran: ReadonlyMap<string, Ran>, command: string): Ran | undefined =>
  [...ran].find(([text]) => text.includes(command))?.[1];

/** Nothing but the packed package is in the folder when the first command runs. */
beforeAll(() => {
  const work = mkdtempSync(join(tmpdir(), 'tutti-first-hour-'));
  const staged = join(work, 'staged');
  folder = join(work, 'seats');
  mkdirSync(folder);
  for (const path of ['package.json', ...files.filter((path) => path !== 'dist')]) {
    mkdirSync(dirname(join(staged, path)), { recursive: true });
    cpSync(join(root, path), join(staged, path), { recursive: true });
  }
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', join(staged, 'dist')], { cwd: root });
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: staged, stdio: 'ignore' });
});
afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

describe('README.md, followed literally in an empty folder', () => {
  const page = readFileSync(join(root, 'README.md'), 'utf8');
  let ran: ReadonlyMap<string, Ran>;
  beforeAll(() => {
    ran = follow('README.md', 'Your first process');
  });

  test('names the packed file, and every block of commands succeeds', () => {
    expect(page).toContain(`\`npm install ./tutti-${version}.tgz zod\``);
    expect([...ran].filter(([, { status }]) => status !== 0).map(([text, { stdout, stderr }]) => [text, stdout, stderr])).toEqual([]);
    expect(ran.size).toBeGreaterThanOrEqual(4);
  });

  test('a system in one file runs from its TypeScript, and prints the timeline of the page', () => {
    const printed = printedBy(ran, 'npx tutti dev book-seat.ts');
    expect(printed?.stderr).toBe('');
    const lines = (text: string): readonly string[] =>
      text
        .split('\n')
        .map((line) => line.replace(/^ *\+[\d.]+\w+ +/, '').replaceAll(/ {2,}/g, '  '))
        .filter((line) => line.startsWith('book-seat c-'))
        .toSorted();
    const [, shown = ''] = /```\n(book-seat c-1[\s\S]*?)```/.exec(page) ?? [];
    expect(lines(shown).length).toBeGreaterThan(10);
    expect(lines(printed?.stdout ?? '')).toEqual(lines(shown));
    expect(printed?.stdout).toMatch(/\n2 instances: (?:1 completed, 1 failed|1 failed, 1 completed)\n/);
  });

  test('why, show and list explain the booking that failed', () => {
    const stdout = printedBy(ran, 'npx tutti why book-seat c-2')?.stdout;
    expect(stdout).toMatch(/^book-seat c-2 failed at .*: flights\.book failed with SoldOut\n/);
    expect(stdout).toMatch(/the step charge undone\n/);
    expect(stdout).toMatch(/\n[0-9a-f]{8} {2}1 book-seat failed: flights\.book failed with SoldOut\n/);
  });

  test('its test passes', () => {
    expect(printedBy(ran, 'npx vitest run')?.stdout).toMatch(/2 passed/);
  });
});

describe('docs/authoring.md, followed literally in the same folder', () => {
  let ran: ReadonlyMap<string, Ran>;
  beforeAll(() => {
    ran = follow('docs/authoring.md', 'Your own process in ten minutes');
  });

  test('ends with a process of its own that is tested, and runs', () => {
    expect([...ran].filter(([, { status }]) => status !== 0).map(([text, { stdout, stderr }]) => [text, stdout, stderr])).toEqual([]);
    const stdout = printedBy(ran, 'npx vitest run expense.test.ts')?.stdout;
    expect(stdout).toMatch(/2 passed/);
    expect(stdout).toMatch(/reimburse e-1 +completed {"approvedBy":"ada"}\n/);
    expect(stdout).toMatch(/reimburse e-2 waits for the event people\.expense-approved, gives up at /);
  });
});

test('without tsx, the command line prints the command that installs it and runs again', () => {
  // Node reads TypeScript by itself from 22.18 on.
  const own = Number(process.versions.node.split('.')[0]) >= 22;
  shellOrThrow('mv node_modules/tsx ..');
  const { status, stderr } = shell('npx tutti dev book-seat.ts --memory --once');
  shellOrThrow('mv ../tsx node_modules');
  if (own) expect(status).toBe(0);
  else
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('npm install --save-dev tsx && npx tutti dev book-seat.ts --memory --once'),
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
import { seats } from './seats.ts'; new Orchestrator(new Stack(new App(), 'Seats'), 'Seats', { system: seats, entry: 'seats.ts' });`;
  /** The system without its handler, which a deployment has in a module of its own. */
  const deployed = (): string =>
    readFileSync(join(folder, 'book-seat.ts'), 'utf8')
      .replace(/^import \{ serve \}.*\n/m, '')
      .replace(/\n\/\*\* The handler[\s\S]*$/, '\n');

  test('neither the AWS SDK nor the CDK is installed with tutti', () => {
    expect(shell('ls node_modules node_modules/@aws-sdk').stdout).not.toMatch(/aws/);
  });

  test('the command line, the client, a poller and dynamoStore print the line that installs the SDK', () => {
    const { status, stderr } = shell(LIST);
    expect([status, stderr]).toEqual([2, expect.stringContaining('needs @aws-sdk/client-')]);
    expect(installLine(stderr).split(' ')).toHaveLength(2 + 6);
    const tried = [
      caught(
        "import { seats } from './book-seat.ts'; import { aws, connect } from 'tutti/client'",
        "connect(seats, aws({ name: 'seats' })).list()[Symbol.asyncIterator]().next()",
      ),
      caught("import { handler } from './book-seat.ts'", "handler.poll({ queueUrl: 'https://sqs.test/q' })"),
      caught("import { dynamoStore } from 'tutti/service'", "(dynamoStore({ table: 't' }) as any)['~records'].read('c')"),
    ];
    for (const output of tried) expect(output).toMatch(/^PACKAGE_MISSING Install it: npm install @aws-sdk\/client-dynamodb/);
    rmSync(join(folder, 'by-use.ts'));
  });

  test('without libsql, tutti dev prints the line that installs it, and runs in memory', () => {
    shellOrThrow('mv node_modules/libsql ..');
    const [folder, memory, tests] = [
      'npx tutti dev book-seat.ts --once --local .other',
      'npx tutti dev book-seat.ts --events carts.jsonl --once --memory',
      'npx vitest run --testTimeout=120000 book-seat.test.ts',
    ].map(shell);
    shellOrThrow('mv ../libsql node_modules');
    expect([folder?.status, installLine(folder?.stderr ?? '')]).toEqual([2, 'npm install libsql']);
    expect([memory?.status, memory?.stderr]).toEqual([0, '']);
    expect([tests?.status, tests?.stdout]).toEqual([0, expect.stringMatching(/2 passed/)]);
  });

  test('an app prints the line that installs the packages of its functions, and needs no further one', { timeout: 600_000 }, () => {
    writeFileSync(join(folder, 'by-use.ts'), SYNTH);
    writeFileSync(join(folder, 'seats.ts'), deployed());
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
