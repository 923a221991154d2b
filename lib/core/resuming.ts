import { contractOf, sendAgain, sendUnderNewNumber, resolveOutcome } from './issue.ts';
import { hasFailed, type OpenCommand } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { CallStep, ProcessRun } from './run.ts';
import { compensateAgain, skipUndo, undoAgain } from './undoing.ts';

/** A person lets a stuck instance go on: what it is stuck on is tried again, with new limits. */
export const resume = (run: ProcessRun, fact: Extract<RecordedFact, { type: 'Resumed' }>): void => {
  const skipped = fact.skip !== undefined && skipUndo(run, fact.skip);
  // Nothing else tries again what was not skipped.
  compensateAgain(run);
  if (skipped) return;
  const { clock, commands } = run.image;
  for (const command of commands.values()) {
    const isStuckOn = command.n === fact.n;
    // The reason names one of several: a person may have resolved another undo as failed meanwhile.
    const isDefinite = isStuckOn ? fact.definite : hasFailed(command);
    if (!isDefinite) {
      if (isStuckOn || command.unknown) sendWithNewLimits(run, command);
    } else {
      commands.delete(command.n);
      if (command.mode === 'undo') undoAgain(run, { ...command, retries: 0, since: clock }, command.n);
      else sendUnderNewNumber(run, command, 0, clock);
    }
  }
};

/** Under the same id: `within` counts from now, and as many runs are allowed as before, beyond those that its service has reported. */
const sendWithNewLimits = (run: ProcessRun, command: OpenCommand): void => {
  const { retry } = (run.steps.get(command.n) as CallStep | undefined)?.policy ?? contractOf(run, command.command);
  const { settling } = command;
  command.deadline = run.image.clock + retry.withinMs;
  command.attemptsMax = retry.attempts === Infinity ? undefined : (command.unknown?.attempts ?? command.retries) + retry.attempts;
  command.attempt = 0;
  for (const member of ['unknown', 'deferred', 'settling', 'settleBy'] as const) delete command[member];
  // What was cancelled is only wanted to be definite; an older build may have been stuck on it.
  if (settling === 'cancelled') resolveOutcome(run, command, settling);
  else sendAgain(run, command, command.timeoutMs);
};
