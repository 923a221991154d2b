import { setTimeout } from 'node:timers/promises';
import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';
import { serveSeeds } from './serve-seeds.ts';

/** All reports together take twice as long as the tests allow a worker to be silent. */
const REPORTS = 10;
const PAUSE_MS = 500;

/** A worker whose seeds behave as their last digits say, to test the fleet. */
const run = async (task: SeedTask, onProgress: () => void): Promise<SeedResult> => {
  const result = { ...failedResult(task, ''), violations: [] };
  switch (task.seed % 10) {
    case 0:
      for (let report = 0; report < REPORTS; report += 1) {
        await setTimeout(PAUSE_MS);
        onProgress();
      }
      return { ...result, steps: 60_000 };
    case 3:
      throw new Error('no such world');
    case 5:
      for (;;);
    case 7:
      console.error('its last words');
      process.exit(9);
    case 9:
      return { ...result, violations: ['I2: it was never sent'], steps: 10 };
    default:
      return { ...result, steps: 1, faults: { crash: task.seed } };
  }
};

serveSeeds(run);
