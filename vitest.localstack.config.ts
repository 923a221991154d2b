import { defineConfig } from 'vitest/config';

/** What needs LocalStack: the contract suites of the AWS adapters, and the deployed system. One file at a time: they share it. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/**/*.localstack.test.ts'],
    globalSetup: ['test/localstack/global-setup.ts'],
    fileParallelism: false,
    maxConcurrency: 20,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
});
