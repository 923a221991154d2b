import { defineConfig } from 'vitest/config';

/** Tests of programs, threads, deployments and the CDK, which change what the files after them would find: each file has a worker of its own. */
const OWN_WORKER = [
  ...['cdk', 'cli', 'local', 'localstack', 'models', 'package', 'python-service', 'simulation', 'smoke', 'steps'].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  // It counts the listeners of the process, and an engine of a test that was ended by its time-out keeps one.
  'test/engine/unhandled-rejection.test.ts',
];
const NEVER = ['**/node_modules/**', '**/*.localstack.test.ts', '**/*.package.test.ts', '**/*.page.test.ts', '**/*.collector.test.ts'];

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['lib/core/**'], reporter: ['text-summary', 'text'], thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 } },
    projects: [
      // The files share the modules that a worker has loaded: loading them for each file took as long as the tests.
      {
        extends: true,
        test: { name: 'shared', isolate: false, include: ['test/**/*.test.ts', 'examples/**/*.test.ts'], exclude: [...NEVER, ...OWN_WORKER] },
      },
      { extends: true, test: { name: 'own', include: OWN_WORKER, exclude: NEVER } },
    ],
  },
});
