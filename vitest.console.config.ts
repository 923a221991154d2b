import { defineConfig } from 'vitest/config';

/** What needs a browser: the page of the console, built, over a system in this process. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/console-page/*.page.test.ts'],
    globalSetup: ['test/console-page/build.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
