import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

export const lifecycleBugs: readonly PlantedBug[] = [
  {
    name: 'EARLY_CAUSE',
    rows: ['lifecycle.pml | EARLY_CAUSE', 'correctness.md | 68'],
    what: 'What an early event causes names that event, whose message is long gone, and not the start that applies it.',
    patches: [
      {
        file: 'lib/engine/advance/early-events.ts',
        find: 'await decideEvent(live, { ...target.inbound, key }, false);',
        plant: 'await decideEvent(live, PLANTED ? target.inbound : { ...target.inbound, key }, false);',
      },
      { ...OWED, plant: "(PLANTED && kind === 'start' && decidesOn(item) && by.messageId === messageId) || (ORIGINAL)" },
    ],
  },
  {
    name: 'EARLY_NO_DEDUPE',
    rows: ['lifecycle.pml | EARLY_NO_DEDUPE'],
    what: 'An event that was buffered twice before the start is applied twice.',
    patches: [
      {
        file: 'lib/engine/advance/early-events.ts',
        find: "classify(live.run.image, target.inbound, live.run.definition) !== 'apply'",
        plant: "!['apply', PLANTED && 'dup'].includes(classify(live.run.image, target.inbound, live.run.definition))",
      },
    ],
  },
  {
    name: 'EARLY_NOT_ACKED',
    rows: ['lifecycle.pml | EARLY_NOT_ACKED'],
    what: 'An event that was buffered comes again, and is buffered again.',
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: "if (result.status === 'started') return { retryInSeconds: 0 };",
        plant: "ORIGINAL\n  if (PLANTED && result.status === 'buffered') return { retryInSeconds: 1 };",
      },
    ],
  },
  {
    name: 'START_WITHOUT_VERSION',
    rows: ['lifecycle.pml | START_WITHOUT_VERSION'],
    scenario: 'successive-runs',
    what: 'A start takes the place of an early buffer whatever has been appended to that meanwhile.',
    patches: [
      {
        file: 'lib/adapters/memory/process-store.ts',
        find: "    case 'early':\n    case 'stuck':",
        plant: "    case 'early':\n      if (PLANTED) return current?.status === 'early';\n    case 'stuck':",
      },
    ],
  },
  {
    name: 'NO_RESEND_CLOSED',
    rows: ['lifecycle.pml | NO_RESEND_CLOSED', 'lifecycle.pml | NO_RESEND_CLOSED_BY_SIGNAL', 'correctness.md | 67'],
    what: 'A message that comes back to a closed instance is only acknowledged.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item) && isClosed(this.#image.status)) && (ORIGINAL)' }],
  },
  {
    name: 'NO_RESEND_WRONGRUN',
    rows: ['lifecycle.pml | NO_RESEND_WRONGRUN'],
    what: 'A message of an earlier run is only acknowledged, also where it caused an undo that is still out.',
    scenario: 'successive-runs',
    patches: [{ ...OWED, plant: "!(PLANTED && item.verdict === 'wrongRun') && (ORIGINAL)" }],
  },
  {
    name: 'WRONGRUN_NOT_ACKED',
    rows: ['lifecycle.pml | WRONGRUN_NOT_ACKED'],
    what: 'A message of an earlier run is given back, again and again.',
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: "if (item.forwarded) return 'acknowledge';",
        plant: "ORIGINAL\n  if (PLANTED && item.verdict === 'wrongRun') return { retryInSeconds: 1 };",
      },
    ],
  },
  {
    name: 'CAUSE_NOT_RUN_QUALIFIED',
    rows: ['lifecycle.pml | CAUSE_NOT_RUN_QUALIFIED'],
    what: 'An answer is known by the number of its command alone, whose run is taken to be the present one.',
    scenario: 'successive-runs',
    patches: [
      {
        ...OWED,
        plant:
          "PLANTED && kind === 'reply' && !decidesOn(item) ? by.cause === `r:${this.#image.run}:${item.target.inbound.n}` : (ORIGINAL)",
      },
    ],
  },
  {
    name: 'RING_DIES_WITH_RUN',
    rows: ['lifecycle.pml | RING_DIES_WITH_RUN'],
    what: 'A new run does not know which events and starts the one before has had.',
    patches: [
      { file: 'lib/engine/advance/begin-run.ts', find: 'signals: [...signals],', plant: 'signals: PLANTED ? [] : [...signals],' },
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: 'starts: startsOf(before, definition),',
        plant: 'starts: PLANTED ? [] : startsOf(before, definition),',
      },
    ],
  },
  {
    name: 'NO_FORCE',
    rows: [
      'head.pml | FORWARD_NOT_FORCED',
      'lifecycle.pml | NO_FORCE_LANE',
      'parking.pml | NO_FORCE_DAMPED',
      'parking.pml | NO_FORCE_TICK',
    ],
    what: 'A tick that the engine itself has sent on under a new message id is asked for its sends by that new id.',
    patches: [{ ...OWED, plant: "PLANTED && kind === 'tick' ? by.messageId === messageId : (ORIGINAL)" }],
  },
];
