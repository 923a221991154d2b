import { unknownOutcome, type Heard } from './replies.ts';
import { deadlineOf, type OpenCommand } from './image.ts';
import { endOfUndo, sendAgain, resolveOutcome } from './issue.ts';
import { decidedByLimit } from './journal.ts';
import type { ProcessRun } from './run.ts';

/** The last send has gone unanswered for its time, or a limit has passed. Returns what a decider's handler is called with. */
export const attemptTimedOut = (run: ProcessRun, n: number): Heard | undefined => {
  const command = run.image.commands.get(n);
  if (!command) return undefined;
  const { clock } = run.image;
  if (decidedByLimit(run, 'CommandGivenUp', command.path, () => clock >= silentUntil(run, command)))
    return unknownOutcome(run, command, {});
  if (command.mode !== 'undo' && !command.settling && (command.deferred || clock >= deadlineOf(command)))
    resolveOutcome(run, command, 'within');
  else sendAgain(run, command);
  return undefined;
};

/** From when on silence is an outcome that nobody knows: an undo ends with `within`, all else is settled first. */
const silentUntil = (run: ProcessRun, command: OpenCommand): number => {
  if (command.mode === 'undo') return endOfUndo(run, command);
  return command.settling ? (command.settleBy ?? Infinity) : Infinity;
};
