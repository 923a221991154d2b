import { contractOf, sendAgain, sendUnderNewNumber, resolveOutcome } from './issue.ts';
import { hasFailed, type OpenCommand } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { CallStep, ProcessRun } from './run.ts';
import { compensateAgain, skipUndo, undoAgain } from './undoing.ts';

/** Applies `resume` to a stuck instance: the command or compensation on which it is stuck is tried again, with new limits. */
export function resume(run: ProcessRun, fact: Extract<RecordedFact, { type: 'Resumed' }>): void {
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
      if (command.mode === 'undo') undoAgain(run, again, command.n);
      else sendUnderNewNumber(run, again);
    }
  }
}

/**
 * Sends under the same id. `within` counts from now, and the full number of runs is allowed on top of those that the service has reported.
 */
function sendWithNewLimits(run: ProcessRun, command: OpenCommand): void {
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
