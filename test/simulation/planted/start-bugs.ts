import type { PlantedBug } from './planted-bug.ts';

/** The design errors of starts.pml, about starts that wait for the end of an open instance. */
export const startBugs: readonly PlantedBug[] = [
  {
    name: 'WAITING_LOST_BY_RESTART',
    rows: ['starts.pml | WAITING_LOST_BY_RESTART'],
    scenario: 'starts',
    what: 'A new run drops the starts that waited in the head which it replaces.',
    patches: [
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: 'const waiting = stillWaiting(before, identity);',
        plant: 'const waiting = PLANTED ? undefined : stillWaiting(before, identity);',
      },
    ],
  },
  {
    name: 'REPLACED_FORGOTTEN',
    rows: ['starts.pml | REPLACED_FORGOTTEN'],
    scenario: 'starts',
    what: 'A start whose place another one has taken is not remembered, so a duplicate waits again.',
    patches: [
      {
        file: 'lib/engine/advance/queue-start.ts',
        find: 'remember(live.run.image.starts, identity);',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'WAITING_UNKNOWN',
    rows: ['starts.pml | WAITING_UNKNOWN'],
    scenario: 'starts',
    what: 'A duplicate of a start that waits counts as another start.',
    patches: [
      {
        file: 'lib/core/waiting.ts',
        find: "return place < 0 ? undefined : 'dup';",
        plant: "return place < 0 || PLANTED ? undefined : 'dup';",
      },
    ],
  },
];
