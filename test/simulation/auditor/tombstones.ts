import { isClosed, type Image } from '../../../lib/core/image.ts';
import type { Contracts } from './contracts.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** I10: a command that may still succeed when its run ends has a tombstone, in later runs too, until its late success is undone. */
export const checkTombstones = (
  picture: InstancePicture,
  before: Image | undefined,
  image: Image,
  contracts: Contracts,
  report: Report,
): void => {
  if (!before || picture.disturbed) return;
  const isBuried = (run: string, n: number): boolean => image.tombstones.some((each) => each.run === run && each.n === n);
  for (const { run, n, command } of before.tombstones)
    if (!isBuried(run, n) && picture.runs.get(run)?.late.has(n) !== true)
      report('I10', `${image.pid} has forgotten that ${run}/${n} (${command}) may succeed late`);
  for (const { run, unresolved, answers, late } of picture.runs.values()) {
    const listed = image.tombstones.filter((each) => each.run === run && each.unresolved !== undefined).map(({ n }) => n);
    for (const n of unresolved) if (!listed.includes(n)) report('I10', `${image.pid} does not list that ${run}/${n} is unresolved`);
    for (const n of listed)
      if (answers.has(n) || late.has(n)) report('I5', `${image.pid} lists ${run}/${n} as unresolved, and its outcome is known`);
  }
  if (before.run !== image.run || isClosed(before.status) || !isClosed(image.status)) return;
  for (const { n, mode, command, stands } of before.commands.values()) {
    if (mode !== 'call' || stands || contracts.command(command)?.undo === undefined) continue;
    const run = picture.runs.get(image.run);
    const isOver =
      run?.answers.has(n) === true ||
      // Its late success came with the end, in one commit.
      run?.late.has(n) === true ||
      run?.entries.some((entry) => entry.type === 'StepDetached' || (entry.type === 'CommandAbandoned' && entry.n === n));
    if (!isOver && !isBuried(image.run, n)) report('I10', `${image.pid} has ended, and forgotten that ${n} (${command}) may succeed late`);
  }
};

/** I8: a step that lost its race, or was cancelled, makes no instance stuck, whatever its service answers. */
export const blockedByLoser = ({ pid, status, stuck, commands }: Image): string | undefined => {
  if (status !== 'stuck' || stuck?.code !== 'UNKNOWN_OUTCOME' || stuck.n === undefined) return undefined;
  return commands.get(stuck.n)?.settling === 'cancelled' ? `${pid} is stuck on ${stuck.n}, which is cancelled already` : undefined;
};
