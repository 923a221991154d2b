import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleConsole, bundleFunctions, bundleService, bundleStepRunner, FUNCTION_NAMES } from '../../lib/cdk/bundle/bundle.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;

/** A folder from which modules resolve `tutti` and `zod`. */
beforeAll(() => {
  mkdirSync(join(root, '.tutti'), { recursive: true });
  folder = mkdtempSync(join(root, '.tutti/bundle-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const system = (more: string): string =>
  `${more}\nimport { system } from 'tutti';\nexport const jobs = system('jobs', { processes: [], services: [] });\n`;

/** The exports of a function's folder, loaded as Lambda loads it. */
const load = (bundle: string): Record<string, unknown> =>
  createRequire(import.meta.url)(join(bundle, 'index.js')) as Record<string, unknown>;

const textOf = (bundle: string): string =>
  readdirSync(bundle)
    .map((file) => readFileSync(join(bundle, file), 'utf8'))
    .join('\n');
const bytesOf = (bundle: string): number => readdirSync(bundle).reduce((sum, file) => sum + statSync(join(bundle, file)).size, 0);

describe('bundleFunctions', () => {
  test('a bundle has a folder for each function, whose index.js exports its handler', () => {
    const { folders, warnings } = bundleFunctions({ entry: join(root, 'examples/travel-booking/system.ts'), system: 'trips' });
    expect(Object.keys(folders)).toEqual([...FUNCTION_NAMES]);
    for (const name of FUNCTION_NAMES) expect(load(folders[name])['handler']).toBeTypeOf('function');
    expect(warnings).toEqual([]);
  });

  test('the bundle is built once per Node process', () => {
    const options = { entry: join(root, 'examples/travel-booking/system.ts'), system: 'trips' };
    expect(bundleFunctions(options)).toBe(bundleFunctions({ ...options }));
  });

  test("a function does not load S3's client when it starts", () => {
    const { folders } = bundleFunctions({ entry: join(root, 'examples/travel-booking/system.ts'), system: 'trips' });
    const files = readdirSync(folders['advance-processes']);
    const holding = files.filter((file) => readFileSync(join(folders['advance-processes'], file), 'utf8').includes('x-amz-copy-source'));
    expect(holding).toEqual([expect.stringMatching(/^loaded-sdk-/)]);
  });

  test.each([
    ["import { readFileSync } from 'node:fs'; export const text = readFileSync('x');", 'the Node builtin node:fs', 'node:fs'],
    ["import { serve } from 'tutti/service'; export const x = serve;", 'tutti/service', 'tutti/service'],
    [
      "import { SQSClient } from '@aws-sdk/client-sqs'; export const x = SQSClient;",
      'the AWS SDK (@aws-sdk/client-sqs)',
      '@aws-sdk/client-sqs',
    ],
  ])('an entry whose modules contain %s is refused with the chain of imports', (text, what, last) => {
    const far = written('far.ts', text);
    const entry = written('reaching.ts', system(`export * from './between.ts';`));
    const between = written('between.ts', `export * from './far.ts';`);
    expect(() => bundleFunctions({ entry, system: 'jobs' })).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_FAILED',
        message: expect.stringContaining(`a process imports ${what}`),
        remedy: `Move the import into the step that needs it: await import('${last}') inside ctx.run, or move the I/O into a service.`,
        details: { chain: [...[entry, between, far].map((file) => relative(process.cwd(), file)), last] },
      }),
    );
  });

  test('a module that user code imports dynamically is not in the bundle, with all that it imports', () => {
    written('gateway.ts', `import { connect } from 'node:net'; export const charge = () => connect(443, 'gateway.example');`);
    const step = `export const pay = async () => { (await import('./gateway.ts')).charge(); };
      export const store = async () => new (await import('@aws-sdk/client-s3')).S3Client({});
      export const read = async () => (await import('node:fs/promises')).readFile('x');`;
    const bare = bundleFunctions({ entry: written('bare.ts', system('')), system: 'jobs' }).folders['advance-processes'];
    const stepping = bundleFunctions({ entry: written('stepping.ts', system(step)), system: 'jobs' }).folders['advance-processes'];
    expect(textOf(stepping)).not.toContain('gateway.example');
    expect(bytesOf(stepping) - bytesOf(bare)).toBeGreaterThan(0);
    expect(bytesOf(stepping) - bytesOf(bare)).toBeLessThan(2_000);
  });

  test('a dynamic import in the engine is rejected with the module and the remedy', () => {
    const entry = written('waiting.ts', system(`export const late = async () => (await import('./gateway.ts')).charge();`));
    const folder = bundleFunctions({ entry, system: 'jobs' }).folders['advance-processes'];
    const [stub = ''] = readdirSync(folder).filter((file) => file.startsWith('gateway-'));
    expect(() => createRequire(import.meta.url)(join(folder, stub))).toThrow(
      'A process imports ./gateway.ts while it decides, and the engine has no module that is imported dynamically. Call import() inside a step: ctx.run.',
    );
  });

  test('a static import is refused if another module imports the same module dynamically', () => {
    const entry = written(
      'both.ts',
      system(`import { connect } from 'node:net'; export const dial = async () => [connect, await import('node:net')];`),
    );
    expect(() => bundleFunctions({ entry, system: 'jobs' })).toThrow(/a process imports the Node builtin node:net/);
  });

  test("a bundle with zod's locales warns and names the import that avoids them", () => {
    const entry = written('locales.ts', system(`import { z } from 'zod';\nexport const Name = z.string();`));
    const { warnings } = bundleFunctions({ entry, system: 'jobs' });
    expect(warnings).toEqual([expect.stringMatching(/locales\.ts imports \{ z \} from 'zod'.*Write: import \* as z from 'zod'\./)]);
  });

  test('a module that does not compile is named in the error', () => {
    const entry = written('broken.ts', `import './nowhere.ts';`);
    expect(() => bundleFunctions({ entry, system: 'jobs' })).toThrow(/Could not resolve ".\/nowhere.ts"/);
  });
});

describe('bundleService', () => {
  test('the bundle of a service has an index.js that exports its handler', () => {
    const { folder } = bundleService(join(root, 'examples/travel-booking/payments/service.ts'));
    expect(load(folder)['handler']).toBeTypeOf('function');
    expect(statSync(join(folder, 'package.json')).isFile()).toBe(true);
  });
});

describe('bundleConsole', () => {
  const trips = { entry: join(root, 'examples/travel-booking/system.ts'), system: 'trips' };
  /** A path of the operations API. */
  const OF_THE_CONSOLE = '/api/openapi.json';

  test('its index.js exports the handler, around the authorizer of the user', () => {
    const entry = written('authorizer.ts', "export const authorize = () => ({ principal: 'of the user' });");
    const { folder: built, warnings } = bundleConsole(entry);
    expect(load(built)['handler']).toBeTypeOf('function');
    expect(textOf(built)).toContain('of the user');
    expect(textOf(built)).toContain(OF_THE_CONSOLE);
    expect(warnings).toEqual([]);
  });

  test('a module without an authorizer is refused', () => {
    const entry = written('no-authorizer.ts', 'export const authorise = () => undefined;');
    expect(() => bundleConsole(entry)).toThrow(/No matching export in .*no-authorizer\.ts" for import "authorize"/);
  });

  test('no function of a process, a step or a service has anything of the console', () => {
    const { folders } = bundleFunctions(trips);
    const others = [
      ...Object.values(folders),
      bundleStepRunner(trips).folder,
      bundleService(join(root, 'examples/travel-booking/payments/service.ts')).folder,
    ];
    expect(others.filter((each) => textOf(each).includes(OF_THE_CONSOLE))).toEqual([]);
  });
});
