import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.localstack.test.ts', '**/*.package.test.ts'],
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['lib/core/**'], reporter: ['text-summary', 'text'], thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 } },
  },
});
