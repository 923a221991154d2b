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
        find: 'await decideEvent(live, { ...target.inbound, key });',
        plant: 'await decideEvent(live, PLANTED ? target.inbound : { ...target.inbound, key });',
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
        find: "verdict !== 'apply'",
        plant: "!['apply', PLANTED && 'dup'].includes(verdict)",
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
  {
    name: 'UNREAD_DIES_WITH_RUN',
    rows: ['lifecycle.pml | UNREAD_DIES_WITH_RUN'],
    scenario: 'endless',
    what: 'The events that no step has taken do not move to the next run.',
    patches: [
      {
        file: 'lib/engine/advance/live-instance.ts',
        find: 'const next = imageAfter(ended, continued);',
        plant: 'if (PLANTED) ended.unread.length = 0;\n    ORIGINAL',
      },
    ],
  },
  {
    name: 'MOVED_DIES_WITH_RUN',
    rows: ['lifecycle.pml | MOVED_DIES_WITH_RUN'],
    scenario: 'endless',
    what: 'A run that continues as new drops the open commands that nothing awaits.',
    patches: [
      {
        file: 'lib/core/continuing.ts',
        find: 'commands: moved(image, image.commands),',
        plant: 'commands: PLANTED ? new Map() : moved(image, image.commands),',
      },
    ],
  },
  {
    name: 'MOVED_REPLY_WRONGRUN',
    rows: ['lifecycle.pml | MOVED_REPLY_WRONGRUN'],
    scenario: 'endless',
    what: 'A reply to a command of an earlier run is of another run, also if the command has moved.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: 'const command = openCommand(image, reply.run, reply.n);',
        plant: 'const command = PLANTED && reply.run !== image.run ? undefined : openCommand(image, reply.run, reply.n);',
      },
    ],
  },
  {
    name: 'MOVED_RENAMED',
    rows: ['lifecycle.pml | MOVED_RENAMED'],
    scenario: 'endless',
    what: 'A command that moves gets an id of the next run.',
    patches: [
      {
        file: 'lib/core/image.ts',
        find: 'return `${pid}/${command.run ?? run}/${command.n}`;',
        plant: 'return `${pid}/${PLANTED ? run : (command.run ?? run)}/${command.n}`;',
      },
    ],
  },
  {
    name: 'CONTINUE_IN_TWO_WRITES',
    rows: ['lifecycle.pml | CONTINUE_IN_TWO_WRITES'],
    scenario: 'endless',
    what: 'The commit that ends a run does not begin the next one, which a second commit would have to do.',
    patches: [
      {
        file: 'lib/engine/advance/live-instance.ts',
        find: 'if (run.continued && !run.bug) await',
        plant: 'if (!PLANTED && run.continued && !run.bug) await',
      },
    ],
  },
  {
    name: 'PAST_DROPPED',
    rows: [],
    scenario: 'endless',
    what: 'A run that continues again in the next commit drops the last entries of the run before, which are in no chunk yet.',
    fixed: 'The image of the next run keeps them until a commit has written them.',
    patches: [
      {
        file: 'lib/core/continuing.ts',
        find: 'const { first = image.run, number = 1 } = image.chain ?? {};',
        plant: 'ORIGINAL\n  if (PLANTED) delete kept.past;',
      },
    ],
  },
  {
    name: 'PAST_BEFORE_COMMIT',
    rows: [],
    scenario: 'endless',
    what: 'The last entries of a warm instance that continues as new are put as a chunk before the commit that decides them.',
    fixed: 'Only its committed entries are put.',
    patches: [
      {
        file: 'lib/engine/advance/live-instance.ts',
        find: 'const continued = past.find((each) => each.run === base.run);',
        plant: 'const continued = PLANTED ? undefined : past.find((each) => each.run === base.run);',
      },
    ],
  },
];
