import { hasFailed, type Image } from './image.ts';

/** A command whose outcome an operator may resolve. For a tombstone, `run` may be an earlier run. */
export interface Resolvable {
  readonly run: string;
  readonly n: number;
  readonly command: string;
  readonly path: string | undefined;
}

/**
 * The open commands, then the tombstones, the newest first. A failed undo is left out: a second outcome would contradict the journal, and
 * `resume`, with or without `skip`, continues from it. The outcome of an engine command is in the head of its owner, so an operator acts on
 * that instance.
 */
export function resolvables(image: Image): Resolvable[] {
  return [
    ...[...image.commands.values()]
      .filter((each) => !hasFailed(each))
      .filter(({ owner }) => owner === undefined)
      .map(({ run = image.run, n, command, path }) => ({ run, n, command, path })),
    ...image.tombstones.map(({ run, n, command, path }) => ({ run, n, command, path })).toReversed(),
  ];
}

/** The command that `step` names, by the path of its step or by its command id. */
export function resolvable(image: Image, step: string): Resolvable | undefined {
  const all = resolvables(image);
  return all.find(({ path }) => path === step) ?? all.find(({ run, n }) => `${image.pid}/${run}/${n}` === step);
}
