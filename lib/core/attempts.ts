import { unknownOutcome, type UnawaitedReply } from './replies.ts';
import { deadlineOf, type OpenCommand } from './image.ts';
import { endOfUndo, sendAgain, resolveOutcome } from './issue.ts';
import { decidedByLimit } from './journal.ts';
import type { ProcessRun } from './run.ts';

/** Applies the end of an attempt: no reply came in time, or a limit has passed. Returns the input of a decider's handler. */
export function attemptTimedOut(run: ProcessRun, n: number): UnawaitedReply | undefined {
  const command = run.image.commands.get(n);
  if (!command) return undefined;
  const { clock } = run.image;
  if (decidedByLimit(run, 'CommandGivenUp', command.path, () => clock >= silentUntil(run, command)))
    return unknownOutcome(run, command, {});
  if (command.mode !== 'undo' && !command.settling && (command.deferred || clock >= deadlineOf(command)))
    resolveOutcome(run, command, 'within');
  else sendAgain(run, command);
  return undefined;
}

/**
 * The instant from which a missing reply makes the outcome unknown. For an undo it is the end of `within`; any other command is sent again
 * first.
 */
function silentUntil(run: ProcessRun, command: OpenCommand): number {
  if (command.mode === 'undo') return endOfUndo(run, command);
  return command.settling ? (command.settleBy ?? Infinity) : Infinity;
}
