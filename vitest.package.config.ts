import { defineConfig } from 'vitest/config';

/** What needs the npm registry: the packed package, installed in an empty folder. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: { include: ['test/package/*.package.test.ts'], testTimeout: 300_000, hookTimeout: 600_000 },
});
