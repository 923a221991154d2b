import { defineConfig } from 'vitest/config';

/** The fast lane: the tests of the layers that most changes touch. `npm test` runs the same files, with their properties at full length. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/{core,engine,contract,contracts,client,process,service}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.localstack.test.ts'],
    testTimeout: 30_000,
    // The files share the modules that a worker has loaded, as in vitest.config.ts.
    isolate: false,
    pool: 'threads',
    maxWorkers: 2,
    env: { PROPERTY_RUNS_MAX: '25' },
  },
});
