import { failureToJson } from '../contract/wire/failure-json.ts';
import type { Failure } from '../contract/errors.ts';
import { Cancelled, ProcessFailed } from '../contract/errors.ts';
import { JsonFault, plainJson, type Json } from '../contract/wire/json.ts';
import { refuse } from './bug.ts';
import { answerParent } from './children.ts';
import { endAsContinued } from './continuing.ts';
import type { ClosedStatus, Image, OpenCommand } from './image.ts';
import { journal } from './journal.ts';
import type { ProcessRun } from './run.ts';
import { unsubscribe } from './subscriptions.ts';
import { leaveTombstone } from './unresolved.ts';
import { handOn, putBackUndelivered } from './waits.ts';
import { beginNext } from './waiting.ts';

/** Journals the end of the process and closes its image. The outermost scope is closed. */
export function endProcess(run: ProcessRun, failure: Failure | undefined, value: unknown): void {
  leaveUndelivered(run);
  const { parent } = run.image;
  if (!failure && run.continuing) {
    endAsContinued(run, run.continuing);
    return;
  }
  if (!failure) {
    const result = resultOf(run, value);
    journal(run, { type: 'ProcessCompleted', path: '', ...result });
    if (parent) answerParent(run, parent, { value: result.data ?? null });
    closeImage(run, 'completed');
  } else if (failure.code === 'CANCELLED') {
    const { reason, message } = failure;
    journal(run, { type: 'ProcessCancelled', path: '', reason, ...(reason === 'requested' && { message }) });
    if (parent) answerParent(run, parent, { failure });
    closeImage(run, 'cancelled');
  } else {
    const failed = asProcessFailure(run, failure);
    journal(run, { type: 'ProcessFailed', path: '', data: failureToJson(failed) });
    if (parent) answerParent(run, parent, { failure: failed });
    closeImage(run, 'failed');
  }
  if (run.unread.length > 0) journal(run, { type: 'EventsUnread', path: '', ids: run.unread.map((signal) => signal.id) });
}

/** An event that was taken for code which ends before it gets the event is unread. */
function leaveUndelivered(run: ProcessRun): void {
  run.waits.length = 0;
  // Most runs end with nothing undelivered, and an error has a stack.
  if (run.outcomes.length > 0) putBackUndelivered(run, new Cancelled({ reason: 'scope-failed' }));
  handOn(run);
}

/** The result, checked as an input is, so that JSON changes no value silently. A replay reads it from the journal. */
function resultOf(run: ProcessRun, value: unknown): { readonly data?: Json } {
  if (value === undefined || value === null || run.expected) return {};
  const plain = plainJson(value);
  if (!(plain instanceof JsonFault)) return { data: plain };
  const member = plain.path.length === 0 ? '' : ` at ${plain.path.join('.')}`;
  return refuse(run, 'POISON', `${run.definition.name} returned a value that is not JSON${member}: ${plain.reason}.`);
}

/** The failure that a client receives: a declared failure as it is, any other as `Other` with its reason. */
function asProcessFailure(run: ProcessRun, failure: Failure): ProcessFailed {
  return failure.code === 'PROCESS_FAILED'
    ? failure
    : new ProcessFailed({
        process: run.definition.name,
        type: 'Other',
        data: { reason: failure.message },
        details: { cause: failureToJson(failure) },
      });
}

/**
 * Ends at once and undoes nothing. It does not journal the unread events: terminate may run without a replay, so workers would write
 * different journals.
 */
export function terminate(run: ProcessRun, reason: string): void {
  journal(run, { type: 'ProcessTerminated', path: '', reason });
  const { name: process } = run.definition;
  const { parent } = run.image;
  if (parent) {
    const data = { reason: `it was terminated: ${reason}` };
    answerParent(run, parent, { failure: new ProcessFailed({ process, type: 'Other', data }) });
  }
  closeImage(run, 'terminated');
}

/**
 * An open call becomes a tombstone if its late success must be undone, else it is dropped. A command of `ctx.send`, a detached one and an
 * engine command stay, because a redelivered message may still have to send them. Timers end. An undo of a late success of an earlier run continues (S4).
 */
function closeImage(run: ProcessRun, status: ClosedStatus): void {
  const { image } = run;
  for (const command of image.commands.values()) {
    if (command.mode === 'send' || command.detached || command.owner !== undefined) {
      command.due = Infinity;
      continue;
    }
    if (isLateUndo(image, command)) continue;
    image.commands.delete(command.n);
    if (command.mode === 'call' && !command.stands && run.environment.commands.get(command.command)?.undo) leaveTombstone(image, command);
  }
  for (const n of image.timers.keys()) {
    const resend = image.resends.get(n);
    if (resend && isLateUndo(image, resend)) continue;
    image.timers.delete(n);
    image.resends.delete(n);
  }
  if (image.subscriptions) unsubscribe(run, image.subscriptions);
  if (image.waiting) beginNext(run, image.waiting);
  delete image.due;
  delete image.tickAt;
  image.status = status;
  image.closedAt = image.clock;
  run.ended = true;
}

function isLateUndo(image: Image, { mode, path }: OpenCommand): boolean {
  return mode === 'undo' && path.startsWith(`late/${image.pid}/`);
}
