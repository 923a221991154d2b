import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

export const lifecycleBugs: readonly PlantedBug[] = [
  {
    name: 'EARLY_CAUSE',
    rows: ['lifecycle.pml | EARLY_CAUSE', 'correctness.md | 68'],
    what: 'The sends of an early event name that event as their carrier, whose message was acknowledged, instead of the start that applies it.',
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
    what: 'An event that is buffered twice before the start is applied twice.',
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
    what: 'A buffered event is not acknowledged, so it is redelivered and buffered again.',
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
    what: 'A start replaces the early buffer even if an event was appended to it since the read.',
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
    what: 'A message that is redelivered to a closed instance is acknowledged without a repeat of its sends.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item) && isClosed(this.#image.status)) && (ORIGINAL)' }],
  },
  {
    name: 'NO_RESEND_WRONGRUN',
    rows: ['lifecycle.pml | NO_RESEND_WRONGRUN'],
    what: 'A message of an earlier run is acknowledged without a repeat of its sends, even if it caused an undo that is still open.',
    scenario: 'successive-runs',
    patches: [{ ...OWED, plant: "!(PLANTED && item.verdict === 'wrongRun') && (ORIGINAL)" }],
  },
  {
    name: 'WRONGRUN_NOT_ACKED',
    rows: ['lifecycle.pml | WRONGRUN_NOT_ACKED'],
    what: 'A message of an earlier run is released again at each delivery, and never acknowledged.',
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
    what: 'A reply is identified by the number of its command alone, as if it were always of the current run.',
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
    what: 'A new run does not keep the ids of the events and starts of the previous run.',
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
    what: 'A forced tick looks up its sends by its new message id instead of its event key.',
    patches: [{ ...OWED, plant: "PLANTED && kind === 'tick' ? by.messageId === messageId : (ORIGINAL)" }],
  },
];
