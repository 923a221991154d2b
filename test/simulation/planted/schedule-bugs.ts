import type { PlantedBug } from './planted-bug.ts';

/** Design errors about schedules (docs/protocol.md#schedules), and the bug that the simulation has found in them. */
export const scheduleBugs: readonly PlantedBug[] = [
  {
    name: 'WAITING_TIME_BESIDE',
    rows: [],
    scenario: 'schedules',
    what: 'A schedule starts the next time that waits, although an instance still runs.',
    patches: [
      {
        file: 'lib/core/scheduling.ts',
        find: "if (overlap === 'allow' || behind === undefined) return",
        plant: "if (overlap === 'allow' || behind === undefined || (PLANTED && overlap === 'queue-one')) return",
      },
    ],
  },
  {
    name: 'LISTED_UNDER_ONE_NAME',
    rows: [],
    scenario: 'schedules',
    what: 'A schedule that ended and is listed again begins a run with the name of the run before, and writes over its journal.',
    fixed: 'The time of the listing is part of the name of its run.',
    patches: [
      {
        file: 'lib/engine/admit/admit-schedule.ts',
        find: 'id: `${id} ${time}`',
        plant: 'id: PLANTED ? id : `${id} ${time}`',
      },
    ],
  },
];
