import type { PlantedBug } from './planted-bug.ts';

/** The design errors of schedules.pml (docs/protocol.md#schedules). The simulation has found one of them in the code. */
export const scheduleBugs: readonly PlantedBug[] = [
  {
    name: 'WAITING_TIME_BESIDE',
    rows: ['schedules.pml | WAITING_TIME_BESIDE'],
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
    rows: ['schedules.pml | LISTED_UNDER_ONE_NAME'],
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
  {
    name: 'TIME_DECIDED_AGAIN',
    rows: ['schedules.pml | TIME_DECIDED_AGAIN'],
    scenario: 'schedules',
    what: 'Of several times that come at once, a schedule remembers the first one alone, so the others are decided again.',
    patches: [
      {
        file: 'lib/process/scheduler.ts',
        find: 'return { ...this.#do(timesCame(state, times, this.#now)), covered: until };',
        plant: 'return { ...this.#do(timesCame(state, times, this.#now)), covered: PLANTED ? (times[0]?.at ?? until) : until };',
      },
    ],
  },
  {
    name: 'WAITING_FORGOTTEN',
    rows: ['schedules.pml | WAITING_FORGOTTEN'],
    scenario: 'schedules',
    what: 'The end of an instance starts no time that waits.',
    patches: [{ file: 'lib/core/scheduling.ts', find: 'build.startWaiting();', plant: 'if (!PLANTED) build.startWaiting();' }],
  },
  {
    name: 'PAUSE_KEEPS_TIMER',
    rows: ['schedules.pml | PAUSE_KEEPS_TIMER'],
    scenario: 'schedules',
    what: 'A schedule that is paused decides the next time.',
    patches: [
      {
        file: 'lib/process/scheduler.ts',
        find: 'clearNamedTimer(this.#run, TIMER);',
        plant: 'if (!PLANTED) clearNamedTimer(this.#run, TIMER);',
      },
      {
        file: 'lib/process/scheduler.ts',
        find: 'if (!state || state.paused) return undefined;',
        plant: 'if (!state || (state.paused && !PLANTED)) return undefined;',
      },
    ],
  },
  {
    name: 'PAUSE_PASSES_OVER',
    rows: ['schedules.pml | PAUSE_PASSES_OVER'],
    scenario: 'schedules',
    what: 'The times of a pause are not recorded at its end.',
    patches: [
      {
        file: 'lib/process/scheduler.ts',
        find: 'return this.#arm({ ...this.#do(timesPaused(state, times, times.length === COUNTED_MAX)), covered: this.#now });',
        plant:
          'return this.#arm({ ...(PLANTED ? state : this.#do(timesPaused(state, times, times.length === COUNTED_MAX))), covered: this.#now });',
      },
    ],
  },
  {
    name: 'UNLISTED_ENDS_AT_ONCE',
    rows: ['schedules.pml | UNLISTED_ENDS_AT_ONCE'],
    scenario: 'schedules',
    what: 'A schedule ends at the first time at which the code of a worker lacks it, in the middle of a deploy too.',
    patches: [
      {
        file: 'lib/process/scheduler.ts',
        find: 'if (this.#now - unlisted >= UNLISTED_MS) return this.#end();',
        plant: 'if (PLANTED || this.#now - unlisted >= UNLISTED_MS) return this.#end();',
      },
    ],
  },
];
