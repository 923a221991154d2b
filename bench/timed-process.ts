/** The process of one timed row, so that rows share neither heap nor optimized code nor folder. Writes one line of JSON. */
import { timeDecisions, timeReplays } from './core-load.ts';
import { timeBookings, timeGroups, timeTours } from './embedded-load.ts';
import { commitPerStep, groupCommit } from './floor.ts';
import type { Timing } from './rounds.ts';
import type { Measure } from './timed-cases.ts';

const timed = (measure: Measure, folder: string, directory: string | undefined): Promise<Timing> => {
  switch (measure.kind) {
    case 'commit-per-step':
      return commitPerStep(folder);
    case 'group-commit':
      return groupCommit(folder);
    case 'bookings':
      return timeBookings(measure, directory);
    case 'tour':
      return timeTours(measure.steps, directory);
    case 'group':
      return timeGroups(measure.steps, directory);
    case 'decision':
      return timeDecisions();
    case 'replay':
      return timeReplays(measure.entries);
  }
};

const [measure = '', mode = '', folder = ''] = process.argv.slice(2);
const timing = await timed(JSON.parse(measure) as Measure, folder, mode === 'durable' ? folder : undefined);
process.stdout.write(`${JSON.stringify(timing)}\n`);
