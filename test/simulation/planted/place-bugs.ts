import type { PlantedBug } from './planted-bug.ts';

const STATE = 'lib/service/consumer/limits/limit-state.ts';

/** Errors about the places and the reserved times of commands with limits. */
export const placeBugs: readonly PlantedBug[] = [
  {
    name: 'NO_LAPSE',
    rows: ['limits.pml | NO_LAPSE'],
    scenario: 'limits',
    what: 'The place of a dead worker never lapses, so commands wait for it without end.',
    patches: [{ file: STATE, find: 'return runs.filter(({ until }) => until > now);', plant: 'if (PLANTED) return runs;\n  ORIGINAL' }],
  },
  {
    name: 'BLIND',
    rows: ['limits.pml | BLIND'],
    scenario: 'limits',
    what: 'A worker writes a limit over the write of another worker, which it has not read.',
    patches: [
      {
        file: 'lib/service/consumer/limits/limiter.ts',
        find: "if (written.status === 'written') {",
        plant:
          "if (PLANTED && written.status === 'conflict') {\n          await this.#store.write(id, recordOf(state), written.current?.revision ?? 'absent');\n          item.known = undefined;\n          return results;\n        }\n        ORIGINAL",
      },
    ],
  },
  {
    name: 'FREE_ANY',
    rows: ['limits.pml | FREE_ANY'],
    scenario: 'limits',
    what: 'A run frees the place of any other run, not its own.',
    elusive:
      'As many places stay taken until a run frees one after its own place has lapsed; test/service/limit-state.property.test.ts holds it.',
    patches: [
      {
        file: STATE,
        find: 'const ended = runs.find((run) => run.token === token);',
        plant: 'const ended = runs.find((run) => PLANTED || run.token === token);',
      },
    ],
  },
  {
    name: 'FIRST_STAYS',
    rows: ['limits.pml | FIRST_STAYS'],
    scenario: 'limits',
    what: 'The right of the next in line never lapses, also if its command is cancelled.',
    elusive:
      'A cancel seldom meets the one command that is next in line while others wait; test/service/limit-state.property.test.ts holds it.',
    patches: [
      {
        file: STATE,
        find: 'next !== undefined && next.until > now && isBefore(next, request)',
        plant: 'next !== undefined && (PLANTED || next.until > now) && isBefore(next, request)',
      },
      {
        file: STATE,
        find: 'next === undefined || next.until <= now || !isBefore(next, request)',
        plant: 'next === undefined || (!PLANTED && next.until <= now) || !isBefore(next, request)',
      },
    ],
  },
  {
    name: 'LATE_SLOT',
    rows: ['limits.pml | LATE_SLOT'],
    scenario: 'limits',
    what: 'A worker that is late for its reserved time runs the command all the same, so late runs pile up.',
    elusive: 'Most late workers met a fault, after which runs are not counted by time; test/service/limits.test.ts holds it.',
    patches: [{ file: STATE, find: 'now <= slotAt + LATE_MS', plant: '(PLANTED || now <= slotAt + LATE_MS)' }],
  },
];
