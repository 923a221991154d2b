/**
 * The code for messages that most systems never see: operations, engine commands, keys, schedules, starts that wait, forks, dead letters,
 * and events that get an instance stuck; and the code that calls hooks.
 * The engine loads this file at the first of them. It is one file, because a bundle has a further chunk for each set of files that are loaded
 * together.
 */
export { getStuck, parkBesideStuck, refuseOperation } from './acknowledge/get-stuck.ts';
export { answeredBy, observeCommit, observeConflict, observeItem, observeLines, observeSteps } from './acknowledge/observe.ts';
export { stepsBefore } from './acknowledge/observe-steps.ts';
export { discardEach, redrive, redriveEach } from './acknowledge/redrive.ts';
export { admitInternal } from './admit/admit-internal.ts';
export { applyOperation, notedHead, noteOperation } from './advance/apply-operation.ts';
export { operationReply } from './advance/operation-reply.ts';
export { applyToKey } from './advance/apply-to-key.ts';
export { answeredBefore, applyChild } from './advance/child-start.ts';
export { heldService, holdOn, parkHeld, passHolds, pauseBy, readHolds } from './advance/held.ts';
export { queueStart } from './advance/queue-start.ts';
export { erase, removeErased } from './advance/erase.ts';
export { startAboveLimit } from './advance/start-limit.ts';
export { forked, forkedBefore, planned } from './advance/fork.ts';
export { releaseAll, releaseUnlessHeld, sendRelease } from './jobs/release-held.ts';
export { drainDeadLetters } from './jobs/drain-dead-letters.ts';
export { withData } from './admit/referred-data.ts';
export { hasCommanded, journalHolds, verdictByJournal } from './advance/verdict-by-journal.ts';
export { runMarked } from './advance/advance-marked.ts';
