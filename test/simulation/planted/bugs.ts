import { admissionBugs } from './admission-bugs.ts';
import { deferredBugs } from './deferred-bugs.ts';
import { forwardBugs } from './forward-bugs.ts';
import { foundBugs } from './found-bugs.ts';
import { headBugs } from './head-bugs.ts';
import { lateBugs } from './late-bugs.ts';
import { lifecycleBugs } from './lifecycle-bugs.ts';
import { limitBugs } from './limit-bugs.ts';
import { outageBugs } from './outage-bugs.ts';
import { parkingBugs } from './parking-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { serviceBugs } from './service-bugs.ts';

export const plantedBugs: readonly PlantedBug[] = [
  ...headBugs,
  ...forwardBugs,
  ...lifecycleBugs,
  ...lateBugs,
  ...parkingBugs,
  ...serviceBugs,
  ...limitBugs,
  ...deferredBugs,
  ...outageBugs,
  ...admissionBugs,
  ...foundBugs,
];

/** Rows that no planted bug stands for, each with the reason. */
export const notPlanted: Readonly<Record<string, string>> = {
  'head.pml | APPEND_TRIM': 'It is of a layout with one item per version, which is not ours; the bug of the row 66 stands in its place.',
  'late.pml | UNDO_REPLY_WRONGRUN':
    'No run begins while an undo is out, and an undo has a number of the run that issues it: its answer is never of another run.',
  'deferred.pml | UNRESOLVED_DEAF':
    'It is the bug LATE_IS_NOOP in the code: an answer by token to what is unresolved comes as any late answer does; test/core/unresolved.test.ts.',
  'parking.pml | NOTHING_PARKED':
    'It is no bug: a parker that gives its message back leaves a copy parked; ours sends the copy back instead.',
  'parking.pml | REDRIVE_CRASHED': 'It is no bug: a crash may leave a copy of an event parked that is applied all the same.',
  'lifecycle.pml | EXPIRE_EMPTIES_FIRST': 'No crash of the simulation falls often enough between the two writes of an expired buffer.',
  'lifecycle.pml | EXPIRE_BY_STATUS': 'An early event must be sent back within the few calls that empty its buffer.',
  'queues.pml | WRAPPER_BELIEVED_ANYWHERE': 'No client of the simulation forges a wrapper; test/bad-input/wrong-queue.test.ts holds it.',
  'queues.pml | WRAPPER_WITHOUT_QUEUE': 'test/bad-input/wrong-queue.test.ts holds it.',
  'queues.pml | EARLY_KEEPS_CARRIER': 'Found by blackouts; test/engine/terminated-poison-start.test.ts parks such an event.',
  'outage.pml | DRAIN_FORGETS_SINCE': 'No fault of the simulation outlasts a day; test/engine/drain-dead-letters.test.ts holds it.',
  'outage.pml | DRAIN_ACKS_UNSENT': 'The drain is one function of 60 lines; test/fuzz/dead-letters.test.ts holds it.',
  'outage.pml | DRAIN_DELETES_FIRST': 'The drain returns what is to be deleted after its sends, so no order of its lines is this bug.',
  'outage.pml | PARK_FAULT_ACKED': 'No fault of the simulation outlasts a day; test/bad-input/failing-ports.test.ts holds it.',
  'outage.pml | FAULT_ACKED': 'test/bad-input/failing-ports.test.ts fails each port in turn.',
  'outage.pml | QUARANTINE_BY_RECEIVES': 'It is the design before the marks; test/engine/outage.test.ts holds it.',
  'outage.pml | MARKS_OF_OTHERS': 'It is a limit, not a planted error: see test/models/README.md, What they say about an outage.',
  'outage.pml | LOST_MARKS': 'It is a limit, not a planted error: see test/models/README.md, What they say about an outage.',
  'redrive.pml | MARKS_WHAT_IS_THERE':
    'The simulation draws no redrive of late events; test/engine/redrive-message.test.ts and the contract of the parking store hold it.',
  'redrive.pml | ACT_MARKS_FIRST': 'The act and the resume share the code that is planted as RESUME_MARK_FIRST.',
  'service.pml | UNDO_WITHOUT_SETTLE':
    "An undo's input is made from the output of what it undoes, which nobody has before that is answered.",
};
