import type { PlantedBug } from './planted-bug.ts';

/** The design errors of fork.pml, about an original and its forks. */
export const forkBugs: readonly PlantedBug[] = [
  {
    name: 'FORK_HAS_NO_OWNER',
    rows: ['fork.pml | FORK_HAS_NO_OWNER'],
    scenario: 'forks',
    what: 'Two forks adopt one step, so each of them may undo it.',
    patches: [{ file: 'lib/core/fork-plan.ts', find: 'if (isRefused) return [];', plant: 'if (PLANTED) return []; ORIGINAL' }],
  },
  {
    name: 'FORK_KEPT_BY_TAKEN',
    rows: ['fork.pml | FORK_KEPT_BY_TAKEN'],
    scenario: 'forks',
    what: 'A fork whose id is taken keeps the steps of the prefix, so no other fork gets them.',
    patches: [{ file: 'lib/core/fork-plan.ts', find: 'if (isRefused) return [];', plant: 'if (!PLANTED) { ORIGINAL }' }],
  },
  {
    name: 'FORK_STANDS_ON_UNDONE',
    rows: ['fork.pml | FORK_STANDS_ON_UNDONE'],
    scenario: 'forks',
    what: 'A fork adopts a step that its original has undone.',
    patches: [
      {
        file: 'lib/core/fork-plan.ts',
        find: "else if (step.undo && chosen !== 'adopt')",
        plant: "else if (!PLANTED && step.undo && chosen !== 'adopt')",
      },
    ],
  },
  {
    name: 'FORK_DROPS_LATE',
    rows: ['fork.pml | FORK_DROPS_LATE'],
    scenario: 'forks',
    what: 'An original that its fork supersedes forgets that an open step may succeed late.',
    patches: [
      {
        file: 'lib/core/forking.ts',
        find: 'const path = `fork/${id}`;',
        plant: 'if (PLANTED && supersedes) run.image.tombstones = []; ORIGINAL',
      },
    ],
  },
  {
    name: 'FORK_REPLACES',
    rows: ['fork.pml | FORK_REPLACES'],
    scenario: 'forks',
    what: 'A fork begins in place of another instance that has its id and has ended.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "return image.status === 'stuck' ? 'park' : 'closed';",
        plant: "if (PLANTED && isClosed(image.status)) return 'restart'; ORIGINAL",
      },
    ],
  },
  {
    name: 'FORK_BEGINS_AGAIN',
    rows: ['fork.pml | FORK_BEGINS_AGAIN'],
    scenario: 'forks',
    what: 'A fork that has ended begins again by a copy of the command.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "if (isKnownStart(image, start)) return 'dup';",
        plant: "if (isKnownStart(image, start)) return PLANTED && isClosed(image.status) ? 'restart' : 'dup';",
      },
    ],
  },
  {
    name: 'FORK_BY_ITS_OWN_CLOCK',
    rows: [],
    scenario: 'forks',
    what: 'The prefix of a fork is replayed at the time of its start, so a timer of the prefix differs.',
    fixed: 'The code of a prefix sees the time of its entries.',
    patches: [{ file: 'lib/engine/advance/fork.ts', find: 'image.clock = beganAt(entries);', plant: 'if (!PLANTED) ORIGINAL' }],
  },
  {
    name: 'FORK_UNDOES_UNDER_ITS_ID',
    rows: [],
    scenario: 'forks',
    what: 'A fork undoes a step whose reply it has adopted under its own id, which no service knows.',
    patches: [
      {
        file: 'lib/core/replies.ts',
        find: 'undoItem(run, command, output, adopted)',
        plant: 'undoItem(run, command, output, PLANTED ? undefined : adopted)',
      },
    ],
  },
];
