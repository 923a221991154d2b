import { ANSWER } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

const VERDICT_ON_BURIED = {
  file: 'lib/core/classify.ts',
  find: 'if (tombstone) {',
} as const;

export const lateBugs: readonly PlantedBug[] = [
  {
    name: 'LATE_IS_NOOP',
    rows: ['late.pml | LATE_IS_NOOP'],
    what: 'The late success of an abandoned command changes nothing.',
    patches: [{ ...VERDICT_ON_BURIED, plant: "if (PLANTED && tombstone) return 'late';\n  ORIGINAL" }],
  },
  {
    name: 'LATE_KEEPS_TOMBSTONE',
    rows: ['late.pml | LATE_KEEPS_TOMBSTONE'],
    what: 'A late success is undone again at each delivery of its reply.',
    patches: [
      {
        file: 'lib/core/apply.ts',
        find: 'run.image.tombstones = run.image.tombstones.filter(',
        plant: 'if (!PLANTED) run.image.tombstones = run.image.tombstones.filter(',
      },
    ],
  },
  {
    name: 'CLOSED_BEFORE_LATE',
    rows: ['late.pml | CLOSED_BEFORE_LATE'],
    what: 'A closed instance refuses each reply before it checks its tombstones.',
    patches: [{ ...ANSWER, plant: "if (PLANTED && isClosed(image.status) && !image.commands.has(reply.n)) return 'closed';\n  ORIGINAL" }],
  },
  {
    name: 'UNDO_ON_UNKNOWN',
    rows: ['late.pml | UNDO_ON_UNKNOWN'],
    scenario: 'successive-runs',
    what: 'An abandoned command whose outcome is unknown is undone as if it had succeeded.',
    patches: [
      { ...VERDICT_ON_BURIED, plant: "if (PLANTED && tombstone && reply.outcome === 'unknown') return 'apply';\n  ORIGINAL" },
      {
        file: 'lib/core/apply.ts',
        find: "if (fact.outcome !== 'completed') return;",
        plant: "if (fact.outcome !== 'completed' && !(PLANTED && fact.outcome === 'unknown')) return;",
      },
    ],
  },
  {
    name: 'CLOSE_FORGETS',
    rows: ['late.pml | CLOSE_FORGETS'],
    what: 'An instance that closes forgets its open commands.',
    patches: [
      {
        file: 'lib/core/ending.ts',
        find: "if (command.mode === 'call' && !command.stands &&",
        plant: "if (!PLANTED && command.mode === 'call' && !command.stands &&",
      },
    ],
  },
  {
    name: 'CLOSE_DROPS_UNDO',
    rows: ['late.pml | CLOSE_DROPS_UNDO'],
    scenario: 'successive-runs',
    what: 'An instance that closes drops the undo of a late success.',
    patches: [
      {
        file: 'lib/core/ending.ts',
        find: 'if (isLateUndo(image, command)) continue;',
        plant: 'if (!PLANTED && isLateUndo(image, command)) continue;',
      },
    ],
  },
  {
    name: 'NEWRUN_DROPS_OUT',
    rows: ['late.pml | NEWRUN_DROPS_OUT'],
    what: 'A new run begins while an undo or a pending send of the previous run is open, and drops it.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "some((command) => command.mode === 'undo') ? 'wait' : 'restart'",
        plant: "some((command) => command.mode === 'undo' && !PLANTED) ? 'wait' : 'restart'",
      },
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (!this.#image || (await sendLeft(this.#context, this.#image))) return undefined;',
        plant: 'if (PLANTED || !this.#image || (await sendLeft(this.#context, this.#image))) return undefined;',
      },
    ],
  },
  {
    name: 'TOMB_DIES_WITH_RUN',
    rows: ['late.pml | TOMB_DIES_WITH_RUN', 'late.pml | TOMB_DIES_WITH_RUN_CONTINUED'],
    what: 'A new run does not keep the tombstones of the previous run.',
    patches: [
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: 'tombstones: [...tombstones],',
        plant: 'tombstones: PLANTED ? [] : [...tombstones],',
      },
    ],
  },
  {
    name: 'SECOND_OUTCOME',
    rows: [],
    what: 'A failure that comes after the success of its command is applied, so the journal has two outcomes of it.',
    patches: [
      {
        ...ANSWER,
        plant:
          "if (PLANTED && reply.run === image.run && reply.n < image.seq && !image.commands.has(reply.n) && reply.retryable) return 'apply';\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'WRONGRUN_BEFORE_LATE',
    rows: ['late.pml | WRONGRUN_BEFORE_LATE', 'late.pml | WRONGRUN_BEFORE_LATE_CONTINUED'],
    what: 'A reply to an earlier run is refused before the tombstones are checked.',
    patches: [{ ...ANSWER, plant: "if (PLANTED && reply.run !== image.run) return 'wrongRun';\n  ORIGINAL" }],
  },
];
