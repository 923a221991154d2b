import { admissionBugs } from './admission-bugs.ts';
import { bulkBugs } from './bulk-bugs.ts';
import { childBugs } from './child-bugs.ts';
import { deferredBugs } from './deferred-bugs.ts';
import { dispatchBugs } from './dispatch-bugs.ts';
import { forkBugs } from './fork-bugs.ts';
import { forwardBugs } from './forward-bugs.ts';
import { foundBugs } from './found-bugs.ts';
import { headBugs } from './head-bugs.ts';
import { holdBugs } from './hold-bugs.ts';
import { keyBugs } from './key-bugs.ts';
import { lateBugs } from './late-bugs.ts';
import { lifecycleBugs } from './lifecycle-bugs.ts';
import { limitBugs } from './limit-bugs.ts';
import { outageBugs } from './outage-bugs.ts';
import { parkingBugs } from './parking-bugs.ts';
import { pauseBugs } from './pause-bugs.ts';
import { placeBugs } from './place-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { scheduleBugs } from './schedule-bugs.ts';
import { serviceBugs } from './service-bugs.ts';
import { startBugs } from './start-bugs.ts';
import { stepBugs } from './step-bugs.ts';

export const plantedBugs: readonly PlantedBug[] = [
  ...headBugs,
  ...forwardBugs,
  ...lifecycleBugs,
  ...lateBugs,
  ...parkingBugs,
  ...pauseBugs,
  ...serviceBugs,
  ...limitBugs,
  ...placeBugs,
  ...deferredBugs,
  ...outageBugs,
  ...admissionBugs,
  ...dispatchBugs,
  ...stepBugs,
  ...childBugs,
  ...startBugs,
  ...bulkBugs,
  ...forkBugs,
  ...holdBugs,
  ...keyBugs,
  ...scheduleBugs,
  ...foundBugs,
];

/** Rows without a planted bug, each with the reason. */
export const notPlanted: Readonly<Record<string, string>> = {
  'bulk.pml | BULK_RESUME_FORGETS':
    'The code of the stuck instances of the scenario bulk is never fixed; test/core/operators.test.ts has the case.',
  'child.pml | CHILD_ANSWERS_ONCE': 'No queue of the simulation loses a reply; test/children/lost-and-late.test.ts loses one.',
  'child.pml | CHILD_NOT_SENT_AGAIN': 'No queue of the simulation loses a command; test/children/lost-and-late.test.ts loses one.',
  'child.pml | CHILD_ANSWERS_ANY_RUN':
    'The run in the id of a command is compared for each reply; late.pml | WRONGRUN_BEFORE_LATE plants its order.',
  'schedules.pml | LISTED_TIMES_STAY':
    'The listing of a deploy mostly comes before the next time; test/core/schedule-times.test.ts holds it.',
  'schedules.pml | LISTING_REMEMBERED': 'No build of the scenario lists a schedule again; test/testing/schedules.test.ts holds it.',
  'starts.pml | SLOT_NEVER_FREE': 'No queue of the simulation loses a reply; test/children/lost-and-late.test.ts fails with it.',
  'head.pml | APPEND_TRIM': 'It needs a layout with one item per version, which the head does not have; the bug of the row 66 replaces it.',
  'fork.pml | FORK_ADOPTS_OPEN': 'A fork adopts a reply of the journal, and the journal has none of an open step.',
  'fork.pml | FORK_NOT_SENT_AGAIN':
    'No queue of the simulation loses a command; an engine command is sent again as that of CHILD_NOT_SENT_AGAIN is.',
  'late.pml | UNDO_REPLY_WRONGRUN':
    'No run begins while an undo is open, and an undo has a number of the run that issues it, so its reply is never of another run.',
  'deferred.pml | UNRESOLVED_DEAF':
    'In the code it is the bug LATE_IS_NOOP: a reply by token to an unresolved command comes as any late reply does; test/core/unresolved.test.ts.',
  'parking.pml | NOTHING_PARKED':
    'It is no bug: a worker that parks an event and then releases its message leaves a parked copy; the engine sends the copy back instead.',
  'parking.pml | REDRIVE_CRASHED': 'It is no bug: a crash may leave a parked copy of an event that is applied.',
  'lifecycle.pml | EXPIRE_EMPTIES_FIRST': 'The simulation seldom crashes a worker between the two writes of an expired buffer.',
  'lifecycle.pml | EXPIRE_BY_STATUS': 'Only an early event that is redriven within the few calls that empty its buffer would show it.',
  'queues.pml | WRAPPER_BELIEVED_ANYWHERE': 'No client of the simulation forges a wrapper; test/bad-input/wrong-queue.test.ts holds it.',
  'queues.pml | WRAPPER_WITHOUT_QUEUE': 'test/bad-input/wrong-queue.test.ts holds it.',
  'queues.pml | EARLY_KEEPS_CARRIER': 'Found by blackouts; test/engine/terminated-poison-start.test.ts parks such an event.',
  'outage.pml | DRAIN_FORGETS_SINCE': 'No fault of the simulation outlasts a day; test/engine/drain-dead-letters.test.ts holds it.',
  'outage.pml | DRAIN_ACKS_UNSENT': 'test/fuzz/dead-letters.test.ts holds it: the drain is one function of 60 lines.',
  'outage.pml | DRAIN_DELETES_FIRST': 'The drain returns the messages to delete after its sends, so no order of its lines is this bug.',
  'outage.pml | PARK_FAULT_ACKED': 'No fault of the simulation outlasts a day; test/bad-input/failing-ports.test.ts holds it.',
  'outage.pml | FAULT_ACKED': 'test/bad-input/failing-ports.test.ts fails each port in turn.',
  'outage.pml | QUARANTINE_BY_RECEIVES': 'It is the design that the marks replaced; test/engine/outage.test.ts holds it.',
  'outage.pml | MARKS_OF_OTHERS': 'It is a limit, not a planted error: see test/models/README.md, Results about an outage.',
  'outage.pml | LOST_MARKS': 'It is a limit, not a planted error: see test/models/README.md, Results about an outage.',
  'redrive.pml | MARKS_WHAT_IS_THERE':
    'The simulation draws no redrive of late events; test/engine/redrive-message.test.ts and the contract of the parking store hold it.',
  'pause.pml | MARK_BLIND': 'It is redrive.pml, MARKS_WHAT_IS_THERE: the contract of the parking store holds it.',
  'redrive.pml | ACT_MARKS_FIRST': 'A redrive and a resume share the code in which RESUME_MARK_FIRST is planted.',
  'erase.pml | ERASE_DROPS_OUTBOX': 'The simulation draws no erasure; test/client/erase.test.ts kills its worker at each point.',
  'erase.pml | ERASED_BEGINS': 'The simulation draws no erasure; test/client/erase.test.ts starts an erased id again.',
  'erase.pml | ONLY_ERASE_REMOVES': 'The simulation draws no erasure; the model alone holds it.',
  'erase.pml | ERASED_IS_DONE': 'The simulation draws no erasure; the model alone holds it.',
  'erase.pml | REMOVES_ONCE': 'The simulation draws no erasure; the model alone holds it.',
  'erase.pml | LOOKS_TOO_LATE': 'The simulation draws no erasure; the model alone holds it.',
  'erase.pml | REMOVES_BEFORE_COMMIT': 'The simulation draws no erasure; the model alone holds it.',
  'regions.pml | RECORDS_APART': 'The simulation has one region, and each service has one table of records.',
  'regions.pml | EVENTUAL': 'No table of the simulation has two copies.',
  'regions.pml | REGION_NOT_WOKEN': 'The simulation has one region; test/engine/two-regions.test.ts wakes an instance in the other one.',
  'regions.pml | NOT_FORWARDED': 'The simulation has one bus.',
  'regions.pml | RESEND_AT_HOME':
    'The simulation has one queue of each service; test/engine/two-regions.test.ts sends again in the other region.',
  'service.pml | UNDO_WITHOUT_SETTLE':
    "An undo's input is made from the output of the command that it undoes, which is known only after the reply.",
};
