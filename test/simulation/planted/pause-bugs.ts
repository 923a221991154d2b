import type { PlantedBug } from './planted-bug.ts';

const SCENARIO = 'paused';

export const pauseBugs: readonly PlantedBug[] = [
  {
    name: 'PAUSED_ACKS',
    rows: ['pause.pml | PAUSED_ACKS'],
    what: 'An event that comes while its instance is paused is acknowledged without being kept.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: "if (await parkBesideStuck(context, message, { pid: target.pid, reason: 'PAUSED', detail: APPLIED_AFTER_PAUSE })) return 'acknowledge';",
        plant: "if (PLANTED) return 'acknowledge';\n      ORIGINAL",
      },
    ],
  },
  {
    name: 'DECIDES_PAUSED',
    rows: ['pause.pml | DECIDES_PAUSED'],
    what: 'A reply is decided on although its instance is paused.',
    scenario: SCENARIO,
    patches: [
      { file: 'lib/core/classify.ts', find: "if (image.paused) return 'keep';", plant: "if (image.paused && !PLANTED) return 'keep';" },
    ],
  },
  {
    name: 'TICK_STAYS',
    rows: ['pause.pml | TICK_STAYS'],
    what: 'A pause keeps the tick in flight, which then fires the timers of the paused instance.',
    scenario: SCENARIO,
    patches: [
      { file: 'lib/core/resuming.ts', find: 'delete image.tickAt;', plant: 'if (!PLANTED) delete image.tickAt;' },
      { file: 'lib/engine/advance/decide.ts', find: 'if (run.image.paused) return;', plant: 'if (run.image.paused && !PLANTED) return;' },
    ],
  },
  {
    name: 'CLOCK_RUNS',
    rows: ['pause.pml | CLOCK_RUNS'],
    what: 'A resume does not move the timers by the paused time.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/resuming.ts',
        find: 'for (const [n, timer] of image.timers) image.timers.set(n, {',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'CANCEL_STAYS_PAUSED',
    rows: ['pause.pml | CANCEL_STAYS_PAUSED'],
    what: 'A cancel does not end the pause of its instance.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/apply-operation.ts',
        find: 'if (run.image.paused) await endPause(live, operator, at);\n      const before = unstick(run);',
        plant: 'if (run.image.paused && !PLANTED) await endPause(live, operator, at);\n      const before = unstick(run);',
      },
    ],
  },
  {
    name: 'RESUME_FORGOTTEN',
    rows: ['pause.pml | RESUME_FORGOTTEN'],
    what: 'A resume that is delivered again ends a later pause.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "if (image.starts.includes(operator.identity)) return 'dup';",
        plant: "if (!(PLANTED && operator.act === 'resume' && image.paused) && image.starts.includes(operator.identity)) return 'dup';",
      },
    ],
  },
];
