import { defineConfig } from 'vitest/config';

/** Tests of the page of the console in a browser. The page is built, and serves a system of this process. */
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
