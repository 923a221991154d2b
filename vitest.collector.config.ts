import { defineConfig } from 'vitest/config';

/** Tests with a real OpenTelemetry collector, which Go builds of modules (test/collector/main.go): ten minutes at the first time. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: { include: ['test/collector/*.collector.test.ts'], testTimeout: 60_000, hookTimeout: 1_800_000 },
});
