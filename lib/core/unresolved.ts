import type { Image, OpenCommand, Tombstone } from './image.ts';
import { journal } from './journal.ts';
import type { Late } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** Leaves a tombstone of an undoable command that no step awaits any more, so that its late success is undone (S3). */
export function leaveTombstone(image: Image, command: OpenCommand): void {
  const { n, path, command: name, hash, input, version, inputRef, unknown } = command;
  image.tombstones.push({
    run: command.run ?? image.run,
    n,
    command: name,
    hash,
    input,
    path,
    ...(version !== undefined && { version }),
    ...(inputRef !== undefined && { inputRef }),
    ...(unknown && { unresolved: unknown }),
  });
}

/** The members of the command for the entry of a late reply. */
export function lateOf({ run, command, input, version }: Tombstone): Late {
  return {
    run,
    command,
    input,
    ...(version !== undefined && { version }),
  };
}

/** Continues without an unknown outcome. A command with an undo stays unresolved until a definite reply comes. */
export function giveUp(run: ProcessRun, command: OpenCommand, undoable: boolean): void {
  journal(run, { type: 'CommandGivenUp', n: command.n, path: command.path, ...(undoable && { unresolved: true as const }) });
  run.image.commands.delete(command.n);
  run.steps.delete(command.n);
  if (undoable) leaveTombstone(run.image, command);
}
