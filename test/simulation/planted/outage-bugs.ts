import type { PlantedBug } from './planted-bug.ts';

const SCENARIO = 'blackouts';

/** Errors about ports that are out of reach for minutes or hours. */
export const outageBugs: readonly PlantedBug[] = [
  {
    name: 'BACKOFF_STAYS',
    rows: [],
    scenario: SCENARIO,
    what: 'A message whose port has failed is redelivered after a second, without a growing backoff.',
    patches: [
      {
        file: 'lib/engine/acknowledge/redelivery-delays.ts',
        find: 'backoffSeconds(receiveCount, chance(context));',
        plant: 'PLANTED ? 1 : ORIGINAL',
      },
    ],
  },
  {
    name: 'DRAIN_PARKS_BY_COUNT',
    rows: ['outage.pml | DRAIN_PARKS_BY_COUNT'],
    scenario: SCENARIO,
    what: 'A message that is a dead letter for the second time is parked, regardless of its age.',
    patches: [
      {
        file: 'lib/engine/jobs/drain-dead-letters.ts',
        find: '...(now - since >= DRAINED_MS_MAX &&',
        plant: '...((PLANTED ? before.since !== undefined : now - since >= DRAINED_MS_MAX) &&',
      },
    ],
  },
  {
    name: 'MARKS_IN_OUTAGE',
    rows: ['outage.pml | MARKS_NOT_OWED'],
    scenario: SCENARIO,
    elusive: 'It needs four marks that stay on one message while no worker ends; test/engine/marks.test.ts, test/engine/outage.test.ts.',
    what: 'Messages are marked as suspects while the store fails, and a mark whose removal failed stays.',
    patches: [
      {
        file: 'lib/engine/advance/advance-processes.ts',
        find: 'return health.wasDown(options.clock.now());',
        plant: 'return !PLANTED && health.wasDown(options.clock.now());',
      },
      {
        file: 'lib/engine/advance/suspects.ts',
        find: 'if (this.#owed.length < OWED_MAX) this.#owed.push(mark);',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
];
