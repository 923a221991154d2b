import { mark, refuse } from './bug.ts';
import type { ProcessRun } from './run.ts';

/**
 * An activation (docs/replay.md#activation): one fact, and all that the front end requests until it waits again.
 *
 * A1 An activation is bounded. Requests, outcomes and journal entries are counted as they are created. Beyond the bound
 *    that one instance is stuck, and the thread serves the others.
 * A2 Between two activations no request is taken. A replay could not repeat the decisions of code that a native timer wakes.
 * A3 After a bug no step settles. A loop that catches the error of `refuse` waits at its next step.
 */

/** Limit of the requests, of the outcomes and of the journal entries of one activation. A control state holds far fewer. */
export const ACTIVATION_MAX = 10_000;

/** The limit allows for all unread events, which a process may read at once, and for the recorded length of a replayed activation. */
export function openActivation({ activation, unread, expected }: ProcessRun): void {
  activation.open = true;
  activation.requests = 0;
  activation.outcomes = 0;
  activation.entries = 0;
  activation.allowed = ACTIVATION_MAX + unread.length + (expected?.size ?? 0);
}

export function closeActivation({ activation }: ProcessRun): void {
  activation.open = false;
}

/** Counts one more of the activation (A1). */
export function count(run: ProcessRun, what: 'requests' | 'outcomes' | 'entries'): void {
  const { activation } = run;
  activation[what] += 1;
  if (activation[what] > activation.allowed) refuse(run, 'POISON', goesOn(run));
}

/** The message about a process whose activation does not end. */
export function goesOn({ definition }: ProcessRun): string {
  return `${definition.name} continues without waiting: one event made more than ${ACTIVATION_MAX} steps. In each turn of a loop await a step that takes time, and do not catch the cancellation of a step.`;
}

/** Whether a request of user code is taken. If not, its step must never settle (A3). */
export function requested(run: ProcessRun, method: string): boolean {
  if (run.bug || run.ended || !isOpen(run, `called ctx.${method}`)) return false;
  count(run, 'requests');
  return true;
}

/**
 * Whether user code runs within an activation (A2). If not, the instance is marked and nothing is thrown: code that a native timer
 * wakes has no caller, so its rejection would end the whole thread.
 */
export function isOpen(run: ProcessRun, what: string): boolean {
  if (run.activation.open) return true;
  const woken = 'woken by something other than a step, such as a native timer or a fetch';
  mark(run, 'POISON', `${run.definition.name} ${what} outside an activation, ${woken}: await only what ctx returns.`);
  return false;
}
