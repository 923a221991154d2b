import { hasFailed, type Image } from './image.ts';

/** A command whose outcome a person may find out. `run` is an earlier one where it is a tombstone of that. */
export interface Resolvable {
  readonly run: string;
  readonly n: number;
  readonly command: string;
  readonly path: string | undefined;
}

/**
 * What can be resolved: open commands first, then those that their process went on without, the newest first. Not an undo that has failed:
 * a second outcome would contradict the journal, and `resume`, with or without `skip`, goes on from there.
 */
export const resolvables = (image: Image): Resolvable[] => [
  ...[...image.commands.values()].filter((each) => !hasFailed(each)).map(({ n, command, path }) => ({ run: image.run, n, command, path })),
  ...image.tombstones.map(({ run, n, command, path }) => ({ run, n, command, path })).toReversed(),
];

/** The command that `step` names: by the path of its step, or by its command id. */
export const resolvable = (image: Image, step: string): Resolvable | undefined => {
  const all = resolvables(image);
  return all.find(({ path }) => path === step) ?? all.find(({ run, n }) => `${image.pid}/${run}/${n}` === step);
};
