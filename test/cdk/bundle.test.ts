import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleFunctions, bundleService, FUNCTION_NAMES } from '../../lib/cdk/bundle/bundle.ts';

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
        remedy: expect.stringContaining('Move I/O into a service'),
        details: { chain: [...[entry, between, far].map((file) => relative(process.cwd(), file)), last] },
      }),
    );
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
