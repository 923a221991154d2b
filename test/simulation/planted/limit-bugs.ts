import type { PlantedBug } from './planted-bug.ts';

const RECORD = 'lib/service/consumer/command-record.ts';
const ANSWERS = 'lib/core/replies.ts';

/** Errors about the limits of runs, and about outcomes that are unknown when the limits are used up. */
export const limitBugs: readonly PlantedBug[] = [
  {
    name: 'TWO_OWNERS',
    rows: ['service.pml | TWO_OWNERS'],
    scenario: 'outages',
    what: 'Each copy of a command counts its own runs, so each copy allows more runs.',
    patches: [
      {
        file: RECORD,
        find: 'const claim = { ...claimed(delivery), ...memory, command };',
        plant: 'const claim = { ...claimed(delivery), ...(PLANTED ? {} : memory), command };',
      },
    ],
  },
  {
    name: 'CRASH_NOT_COUNTED',
    rows: ['service.pml | CRASH_NOT_COUNTED'],
    scenario: 'outages',
    what: 'A run whose worker has died does not count.',
    patches: [
      {
        file: RECORD,
        find: 'const failures = (record.failures ?? 0) + 1;',
        plant: 'const failures = (record.failures ?? 0) + (PLANTED ? 0 : 1);',
      },
    ],
  },
  {
    name: 'SETTLE_BEYOND_LIMIT',
    rows: ['service.pml | SETTLE_BEYOND_LIMIT'],
    scenario: 'outages',
    what: 'A command whose limits are used up is run once more to settle it.',
    patches: [
      {
        file: RECORD,
        find: 'const usedUp = failures >= limits.policy.attempts || delivery.now > limits.deadline;',
        plant: 'const usedUp = !(PLANTED && settling) && (failures >= limits.policy.attempts || delivery.now > limits.deadline);',
      },
    ],
  },
  {
    name: 'COPY_IGNORES_PAUSE',
    rows: ['service.pml | COPY_IGNORES_PAUSE'],
    scenario: 'outages',
    what: 'A copy of a command is run at once, without the backoff that the previous run has set.',
    patches: [
      {
        file: RECORD,
        find: 'if (record.nextRunAt !== undefined && record.nextRunAt > delivery.now) return pauseOf(',
        plant: 'if (!PLANTED && record.nextRunAt !== undefined && record.nextRunAt > delivery.now) return pauseOf(',
      },
    ],
  },
  {
    name: 'LIMIT_ALWAYS_FAILED',
    rows: ['service.pml | LIMIT_ALWAYS_FAILED'],
    scenario: 'outages',
    what: 'A command whose limits are used up gets the reply of one that had no effect, even if it may have had one.',
    patches: [
      {
        file: RECORD,
        find: "const nothingHappened = delivery.effect === 'transaction' || maybeDone !== true;",
        plant: "const nothingHappened = PLANTED || delivery.effect === 'transaction' || maybeDone !== true;",
      },
    ],
  },
  {
    name: 'LIMIT_NO_RECORD',
    rows: ['service.pml | LIMIT_NO_RECORD'],
    scenario: 'outages',
    what: 'The reply to an exhausted command is not recorded, so a copy with other limits runs it.',
    patches: [
      {
        file: 'lib/service/consumer/decide-command.ts',
        find: "return { kind: 'repeat', reply, runs, write: { state: 'FAILED', hash: command.datahash, reply } };",
        plant: "if (PLANTED) return { kind: 'repeat', reply, runs };\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'LOSER_BLOCKS',
    rows: ['late.pml | LOSER_BLOCKS'],
    scenario: 'outages',
    what: 'A step that lost its race, and whose outcome is unknown, blocks its process.',
    patches: [
      {
        file: ANSWERS,
        find: 'const goesOn = (): boolean => isCancelled ||',
        plant: 'const goesOn = (): boolean => (!PLANTED && isCancelled) ||',
      },
    ],
  },
  {
    name: 'UNRESOLVED_FORGOTTEN',
    rows: ['late.pml | UNRESOLVED_FORGOTTEN'],
    scenario: 'outages',
    what: 'An unresolved command is forgotten: it is not listed, and its late success is not undone.',
    patches: [
      {
        file: 'lib/core/unresolved.ts',
        find: 'if (undoable) leaveTombstone(run.image, command);',
        plant: 'if (undoable && !PLANTED) leaveTombstone(run.image, command);',
      },
    ],
  },
  {
    name: 'FAILURE_KEEPS_MARK',
    rows: ['late.pml | FAILURE_KEEPS_MARK'],
    scenario: 'outages',
    what: 'An unresolved command stays listed after its definite failure.',
    elusive: 'A service that has replied unknown seldom fails the command later; late.pml and test/core/unresolved.test.ts.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "if (reply.outcome !== 'completed' && !(tombstone.unresolved && isDefinite)) return 'late';",
        plant: "if (reply.outcome !== 'completed' && (PLANTED || !(tombstone.unresolved && isDefinite))) return 'late';",
      },
    ],
  },
];
