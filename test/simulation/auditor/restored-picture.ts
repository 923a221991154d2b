import type { Head } from '../../../lib/ports/process-store.ts';
import { isClosed } from '../../../lib/core/image.ts';
import { decodeHead } from '../../../lib/format/head-codec.ts';
import { newRunPicture, type InstancePicture, type RunPicture } from './instance-picture.ts';
import { Outbox } from './outbox.ts';
import { takeIn } from './take-in.ts';

/** The picture of an instance whose head was restored to an earlier instant: the same runs, without the later commits. */
export const restorePicture = (picture: InstancePicture, head: Head | undefined, at: number): void => {
  picture.disturbed = true;
  picture.head = head;
  const { decided } = picture.outbox;
  picture.outbox = new Outbox();
  picture.outbox.decided = decided;
  picture.image = head && head.run !== '' && head.status !== 'early' ? decodeHead(head) : undefined;
  picture.closedUntil = head && isClosed(head.status) ? Infinity : at;
  picture.stuckUntil = head?.status === 'stuck' ? Infinity : at;
  const started = picture.image?.startedAt ?? -Infinity;
  const joined = joinedRuns(picture);
  for (const [name, run] of picture.runs) {
    if (head && name === head.run) picture.runs.set(name, shortened(run, head));
    // A later run of the lost suffix may have answered a command that had moved.
    else if (head && joined.has(name)) picture.runs.set(name, shortened(run, wholeOf(run, head)));
    else if (!isBefore(run, started)) picture.runs.delete(name);
  }
  if (picture.image) picture.outbox.follow(picture.image);
};

/** The runs that the run of the head continues. */
const joinedRuns = ({ image, runs }: InstancePicture): ReadonlySet<string> => {
  const joined = new Set<string>();
  for (let run = image && runs.get(image.run); run;) {
    const [first] = run.entries;
    const before = first?.type === 'ProcessStarted' ? first.continues?.run : undefined;
    if (before !== undefined) joined.add(before);
    run = before === undefined ? undefined : runs.get(before);
  }
  return joined;
};

/** Runs of one instance follow each other: a run that began later belongs to the lost suffix. */
const isBefore = ({ entries: [first] }: RunPicture, started: number): boolean => first !== undefined && 'at' in first && first.at < started;

const wholeOf = ({ run, definition, entries }: RunPicture, head: Head): Head => ({
  ...head,
  run,
  definition,
  tailFrom: entries.length,
  tail: [],
});

/** The run as in the restored head and the chunks before it. A worker that has read the lost suffix may still send its commands. */
const shortened = (run: RunPicture, head: Head): RunPicture => {
  const length = head.tailFrom + head.tail.length;
  const short = newRunPicture(run.run, head.definition);
  short.covered = Math.max(run.covered, head.tailFrom);
  for (const [i, entry] of run.entries.slice(0, length).entries()) {
    short.texts.push(run.texts[i] as string);
    short.entries.push(entry);
    takeIn(short, entry);
  }
  for (const n of run.late) short.late.add(n);
  for (const id of run.adopted) short.adopted.add(id);
  if (run.fork) short.fork = run.fork;
  return short;
};
