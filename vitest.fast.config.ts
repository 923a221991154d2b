import { defineConfig } from 'vitest/config';

/** What most changes touch, in less than a minute on two cores. `npm test` runs the same files, and their properties at full length. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/{core,engine,contract,contracts,client,process,service}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.localstack.test.ts'],
    testTimeout: 30_000,
    pool: 'threads',
    maxWorkers: 2,
    env: { PROPERTY_RUNS_MAX: '25' },
  },
});
