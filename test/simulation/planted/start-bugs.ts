import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

/** The design errors of starts.pml, about starts that wait for the end of an open instance, or in a gate. */
export const startBugs: readonly PlantedBug[] = [
  {
    name: 'WAITING_LOST_BY_RESTART',
    rows: ['starts.pml | WAITING_LOST_BY_RESTART'],
    scenario: 'starts',
    what: 'A new run drops the starts that waited in the head which it replaces.',
    patches: [
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: 'const waiting = stillWaiting(before, identity);',
        plant: 'const waiting = PLANTED ? undefined : stillWaiting(before, identity);',
      },
    ],
  },
  {
    name: 'REPLACED_FORGOTTEN',
    rows: ['starts.pml | REPLACED_FORGOTTEN'],
    scenario: 'starts',
    what: 'A start whose place another one has taken is not remembered, so a duplicate waits again.',
    patches: [
      {
        file: 'lib/engine/advance/queue-start.ts',
        find: 'remember(live.run.image.starts, identity);',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'WAITING_UNKNOWN',
    rows: ['starts.pml | WAITING_UNKNOWN'],
    scenario: 'starts',
    what: 'A duplicate of a start that waits counts as another start.',
    patches: [
      {
        file: 'lib/core/waiting.ts',
        find: "return place < 0 ? undefined : 'dup';",
        plant: "return place < 0 || PLANTED ? undefined : 'dup';",
      },
    ],
  },
  {
    name: 'BEGIN_SENT_ONCE',
    rows: ['starts.pml | BEGIN_SENT_ONCE'],
    scenario: 'starts',
    what: 'Only the delivery that commits the end of a run sends the message of the first waiting start.',
    patches: [{ ...OWED, plant: "!(PLANTED && !this.changed && 'begins' in by && by.begins !== undefined) && (ORIGINAL)" }],
  },
  {
    name: 'BEGUN_START_FORGOTTEN',
    rows: ['starts.pml | BEGUN_START_FORGOTTEN'],
    scenario: 'starts',
    what: 'A new run forgets the start of the run before it, so a duplicate begins one more run.',
    patches: [
      {
        file: 'lib/engine/advance/begin-run.ts',
        find: "if (run !== '' && kind === 'async') remember(kept, chain?.first ?? run);",
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'START_LEAVES_EARLY',
    rows: ['starts.pml | START_LEAVES_EARLY'],
    scenario: 'starts',
    what: 'The first waiting start leaves the head in the commit that ends the run before it, so another start may overtake it.',
    patches: [
      {
        file: 'lib/core/waiting.ts',
        find: 'sendBegin(run, run.image.pid, waiting[0] as WaitingStart);',
        plant: 'ORIGINAL if (PLANTED) run.image.waiting = waiting.length > 1 ? waiting.slice(1) : undefined;',
      },
    ],
  },
  {
    name: 'SLOT_FREE_AT_BEGIN',
    rows: ['starts.pml | SLOT_FREE_AT_BEGIN'],
    scenario: 'starts',
    what: 'The slot of a gate is free again when its instance has begun.',
    patches: [
      {
        file: 'lib/core/gating.ts',
        find: 'gate.running = [...gate.running, { n, id: instance, start: id }];',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'SLOT_FREE_AT_EACH_REPLY',
    rows: ['starts.pml | SLOT_FREE_AT_EACH_REPLY'],
    scenario: 'starts',
    what: 'Each copy of the reply of an instance frees a slot of its gate.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "reply.n >= image.seq ? 'future' : 'dup'",
        plant: "PLANTED && image.gate && reply.n < image.seq ? 'apply' : (ORIGINAL)",
      },
      {
        file: 'lib/core/gating.ts',
        find: 'gate.running = gate.running.filter((each) => each !== ended);',
        plant: 'gate.running = PLANTED && !ended ? gate.running.slice(1) : gate.running.filter((each) => each !== ended);',
      },
    ],
  },
];
