import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

const SCENARIO = 'bulk';

/** The design errors of bulk.pml, about a bulk job and its instances. */
export const bulkBugs: readonly PlantedBug[] = [
  {
    name: 'BULK_OPERATES_TWICE',
    rows: ['bulk.pml | BULK_OPERATES_TWICE'],
    what: 'An instance does not remember the operation of a bulk job, so a copy of its command operates it again.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "if (image.starts.includes(operator.identity)) return 'dup';",
        plant: 'if (!(PLANTED && operator.answers)) ORIGINAL',
      },
    ],
  },
  {
    name: 'BULK_ENDS_EARLY',
    rows: ['bulk.pml | BULK_ENDS_EARLY'],
    what: 'A bulk job that is cancelled ends before the results of what it has sent.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/bulk-job.ts',
        find: 'if (this.#open > 0) return;',
        plant: 'if (this.#open > 0 && !(PLANTED && this.#cancelled)) return;',
      },
    ],
  },
  {
    name: 'BULK_ISSUES_CANCELLED',
    rows: ['bulk.pml | BULK_ISSUES_CANCELLED'],
    what: 'A bulk job that is cancelled issues further operations.',
    scenario: SCENARIO,
    patches: [{ file: 'lib/core/bulk-job.ts', find: 'if (this.#cancelled) return;', plant: 'if (this.#cancelled && !PLANTED) return;' }],
  },
  {
    name: 'BULK_CLOSED_SILENT',
    rows: ['bulk.pml | BULK_CLOSED_SILENT'],
    what: 'An instance that has ended does not reply to the operation of a bulk job, which sends it again without end.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/operation-reply.ts',
        find: "if (verdict !== 'dup' && verdict !== 'closed') return undefined;",
        plant: "if (PLANTED && verdict === 'closed') return undefined; ORIGINAL",
      },
    ],
  },
  {
    name: 'BULK_CLOSED_UNCHANGED',
    rows: [],
    what: 'An instance that has ended reports the operation of a bulk job as unchanged.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/operation-reply.ts',
        find: "if (isClosed(status)) return failed('CLOSED',",
        plant: "if (isClosed(status) && !PLANTED) return failed('CLOSED',",
      },
    ],
  },
  {
    name: 'BULK_REPLY_UNKEPT',
    rows: ['bulk.pml | BULK_REPLY_UNKEPT'],
    what: 'The reply to the operation of a bulk job is sent after its commit, which does not keep it, and a copy gets none.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/apply-operation.ts',
        find: 'if (operator.answers && !run.bug)',
        plant: 'if (operator.answers && !run.bug && !PLANTED)',
      },
      {
        file: 'lib/engine/advance/operation-reply.ts',
        find: "if (verdict !== 'dup' && verdict !== 'closed') return undefined;",
        plant: "if (PLANTED && verdict === 'apply') return { outcome: 'completed', data: { status: 'running' } }; ORIGINAL",
      },
      {
        file: 'lib/engine/advance/operation-reply.ts',
        find: "if (starts.includes(operation.identity)) return { outcome: 'completed', data: { status } };",
        plant: "if (starts.includes(operation.identity)) return PLANTED ? undefined : { outcome: 'completed', data: { status } };",
      },
    ],
  },
  {
    name: 'BULK_REFUSES_AGAIN',
    rows: ['bulk.pml | BULK_REFUSES_AGAIN'],
    what: 'A stuck instance forgets that it has refused the operation of a bulk job, and tries it again at each delivery.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: 'if (operator.answers && image.stuck?.refused === operator.id)',
        plant: 'if (operator.answers && !PLANTED && image.stuck?.refused === operator.id)',
      },
    ],
  },
  {
    name: 'BULK_UNCHANGED_FORGOTTEN',
    rows: ['bulk.pml | BULK_UNCHANGED_FORGOTTEN'],
    what: 'An instance does not note the operation of a bulk job that changes nothing, so a late copy of it changes another state.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "return verdict === 'dup' && operator.answers && isOpen(image) ? 'note' : verdict;",
        plant: 'if (PLANTED) return verdict; ORIGINAL',
      },
    ],
  },
  {
    name: 'BULK_ANY_RUN',
    rows: ['bulk.pml | BULK_ANY_RUN'],
    what: 'A bulk job operates a run that has begun after its preview.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: 'if (isOfEarlierRun(image, operator))',
        plant: 'if (isOfEarlierRun(image, operator) && !PLANTED)',
      },
    ],
  },
  {
    name: 'BULK_SENDS_ONCE',
    rows: ['bulk.pml | BULK_SENDS_ONCE'],
    what: 'Only the delivery that commits sends the operations of a bulk job.',
    scenario: SCENARIO,
    patches: [{ ...OWED, plant: "!(PLANTED && !this.changed && 'owner' in by && by.owner !== undefined) && (ORIGINAL)" }],
  },
];
