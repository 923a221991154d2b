import { isClosed, type Image } from '../../../lib/core/image.ts';
import type { Contracts } from './contracts.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** I10: what may still succeed when its run ends is remembered, also by later runs, until its late success is undone. */
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
