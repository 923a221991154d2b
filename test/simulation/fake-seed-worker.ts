import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';
import { serveSeeds } from './serve-seeds.ts';

/** A worker whose seeds do what their numbers say, to test what runs it. */
const run = async (task: SeedTask): Promise<SeedResult> => {
  const result = failedResult(task, '');
  switch (task.seed % 10) {
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
      return { ...result, violations: [], steps: 1, faults: { crash: task.seed } };
  }
};

serveSeeds(run);
