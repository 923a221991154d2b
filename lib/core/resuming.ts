import { INSTANT_MAX } from '../contract/instant.ts';
import { SUBSCRIBE } from '../contract/keys.ts';
import { contractOf, sendAgain, sendUnderNewNumber, resolveOutcome } from './issue.ts';
import { hasFailed, type OpenCommand } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { CallStep, ProcessRun } from './run.ts';
import { subscribeAgain } from './subscriptions.ts';
import { compensateAgain, skipUndo, undoAgain } from './undoing.ts';

/** The code of the entry that ends a pause; the events that are kept meanwhile have it as their reason. */
export const PAUSED = 'PAUSED';

/** Pauses the instance. No tick is due meanwhile: one that is in flight is a duplicate (test/models/pause.pml, TICK_STAYS). */
export function pause(
  { image }: ProcessRun,
  { at, by, sender, reason, clock, hold, since = at }: Extract<RecordedFact, { type: 'Paused' }>,
): void {
  image.paused = { at: since, by, ...(sender !== undefined && { sender }), reason, clock, ...(hold !== undefined && { hold }) };
  delete image.tickAt;
  delete image.due;
}

/** Ends a pause: each timer, limit and deadline moves by the paused time, so it has the time left that it had. */
export function unpause({ image, steps }: ProcessRun, pausedMs: number): void {
  delete image.paused;
  if (pausedMs === 0) return;
  for (const [n, timer] of image.timers) image.timers.set(n, { ...timer, due: Math.min(timer.due + pausedMs, INSTANT_MAX) });
  for (const [n, command] of image.commands) image.commands.set(n, movedBy(command, pausedMs));
  // The next run of a command that pauses between two runs is issued later, so its limits may count from a later instant.
  for (const [n, command] of image.resends) image.resends.set(n, { ...movedBy(command, pausedMs), since: command.since + pausedMs });
  for (const step of steps.values()) if ('retry' in step && step.retry) step.retry = { ...step.retry, since: step.retry.since + pausedMs };
}

function movedBy(command: OpenCommand, pausedMs: number): OpenCommand {
  const { due, deadline, settleBy } = command;
  return {
    ...command,
    due: due + pausedMs,
    ...(deadline !== undefined && { deadline: deadline + pausedMs }),
    ...(settleBy !== undefined && { settleBy: settleBy + pausedMs }),
  };
}

/** Ends a pause, or applies `resume` to a stuck instance: what it is stuck on is tried again, with new limits. */
export function resume(run: ProcessRun, fact: Extract<RecordedFact, { type: 'Resumed' }>): void {
  if (fact.code === PAUSED) return unpause(run, fact.pausedMs ?? 0);
  const skipped = fact.skip !== undefined && skipUndo(run, fact.skip);
  // Only `resume` runs a failed compensation again.
  compensateAgain(run);
  if (skipped) return;
  const { clock, commands } = run.image;
  for (const command of commands.values()) {
    const isStuckOn = command.n === fact.n;
    // The reason names one command, but others may have failed too: an operator may have resolved another undo as failed.
    const isDefinite = isStuckOn ? fact.definite : hasFailed(command);
    if (!isDefinite) {
      if (isStuckOn || command.unknown) sendWithNewLimits(run, command);
    } else {
      commands.delete(command.n);
      const again = { ...command, retries: 0, since: clock };
      if (command.command === SUBSCRIBE) subscribeAgain(run, command);
      else if (command.mode === 'undo') undoAgain(run, again, command.n);
      else sendUnderNewNumber(run, again);
    }
  }
}

/**
 * Sends under the same id. `within` counts from now, and the full number of runs is allowed on top of those that the service has reported.
 */
export function sendWithNewLimits(run: ProcessRun, command: OpenCommand): void {
  const { retry } = (run.steps.get(command.n) as CallStep | undefined)?.policy ?? contractOf(run, command.command);
  const { settling } = command;
  command.deadline = run.image.clock + retry.withinMs;
  command.attemptsMax = retry.attempts === Infinity ? undefined : (command.unknown?.attempts ?? command.retries) + retry.attempts;
  command.attempt = 0;
  for (const member of ['unknown', 'deferred', 'settling', 'settleBy'] as const) delete command[member];
  // A cancelled command only needs a definite outcome. Older builds could be stuck on one.
  if (settling === 'cancelled') resolveOutcome(run, command, settling);
  else sendAgain(run, command, command.timeoutMs);
}
