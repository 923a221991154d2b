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
    what: 'The success of a command that was given up changes nothing.',
    patches: [{ ...VERDICT_ON_BURIED, plant: "if (PLANTED && tombstone) return 'late';\n  ORIGINAL" }],
  },
  {
    name: 'LATE_KEEPS_TOMBSTONE',
    rows: ['late.pml | LATE_KEEPS_TOMBSTONE'],
    what: 'A late success is undone as often as its answer comes.',
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
    what: 'A closed instance refuses every answer before it looks at what it has given up.',
    patches: [{ ...ANSWER, plant: "if (PLANTED && isClosed(image.status) && !image.commands.has(reply.n)) return 'closed';\n  ORIGINAL" }],
  },
  {
    name: 'UNDO_ON_UNKNOWN',
    rows: ['late.pml | UNDO_ON_UNKNOWN'],
    scenario: 'successive-runs',
    what: 'What may or may not have happened is undone as if it had.',
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
    what: 'An instance that closes forgets what is still outstanding.',
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
    what: 'A new run begins while an undo of the one before is out, or one of its sends, and drops them.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "some((command) => command.mode === 'undo') ? 'wait' : 'restart'",
        plant: "some((command) => command.mode === 'undo' && !PLANTED) ? 'wait' : 'restart'",
      },
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "if (verdict !== 'restart' || !this.#image || (await sendLeft(this.#context, this.#image))) return undefined;",
        plant: "if (PLANTED || verdict !== 'restart' || !this.#image || (await sendLeft(this.#context, this.#image))) return undefined;",
      },
    ],
  },
  {
    name: 'TOMB_DIES_WITH_RUN',
    rows: ['late.pml | TOMB_DIES_WITH_RUN', 'late.pml | TOMB_DIES_WITH_RUN_CONTINUED'],
    what: 'A new run does not know what the one before has given up.',
    patches: [
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: 'tombstones: [...tombstones],',
        plant: 'tombstones: PLANTED ? [] : [...tombstones],',
      },
    ],
  },
  {
    name: 'WRONGRUN_BEFORE_LATE',
    rows: ['late.pml | WRONGRUN_BEFORE_LATE', 'late.pml | WRONGRUN_BEFORE_LATE_CONTINUED'],
    what: 'An answer of an earlier run is refused before anybody looks at what that has given up.',
    patches: [{ ...ANSWER, plant: "if (PLANTED && reply.run !== image.run) return 'wrongRun';\n  ORIGINAL" }],
  },
];
