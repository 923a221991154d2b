import type { Image, OpenCommand, Tombstone } from './image.ts';
import { journal } from './journal.ts';
import type { Late } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** Remembers an undoable command that nobody waits for any more, so that its late success is undone (S3). */
export const leaveTombstone = (image: Image, command: OpenCommand): void => {
  const { n, path, command: name, hash, input, version, inputRef, unknown } = command;
  image.tombstones.push({
    run: image.run,
    n,
    command: name,
    hash,
    input,
    path,
    ...(version !== undefined && { version }),
    ...(inputRef !== undefined && { inputRef }),
    ...(unknown && { unresolved: unknown }),
  });
};

/** What the entry of a late answer keeps of the command. */
export const lateOf = ({ run, command, input, version }: Tombstone): Late => ({
  run,
  command,
  input,
  ...(version !== undefined && { version }),
});

/** The instance goes on without an outcome that nobody can tell. With an undo the command is unresolved until an answer comes. */
export const giveUp = (run: ProcessRun, command: OpenCommand, undoable: boolean): void => {
  journal(run, { type: 'CommandGivenUp', n: command.n, path: command.path, ...(undoable && { unresolved: true as const }) });
  run.image.commands.delete(command.n);
  run.steps.delete(command.n);
  if (undoable) leaveTombstone(run.image, command);
};

/** How many commands have an outcome that nobody knows: open ones, and those that their process went on without. An undo is none of them. */
export const unresolvedCount = ({ commands, tombstones }: Image): number => {
  let count = 0;
  for (const { unknown, mode } of commands.values()) if (unknown && mode !== 'undo') count += 1;
  for (const { unresolved } of tombstones) if (unresolved) count += 1;
  return count;
};
