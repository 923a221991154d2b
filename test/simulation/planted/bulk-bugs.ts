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
];
