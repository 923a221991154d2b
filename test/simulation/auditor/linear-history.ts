import { isClosed, type PastTail } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import type { InstancePicture, RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** I3: each head is written on the version before it. */
export const checkBase = ({ pid, head: before }: InstancePicture, head: Head, previous: Head | undefined, report: Report): void => {
  if (previous?.version !== before?.version)
    report('I3', `${pid} was written on version ${previous?.version ?? 0}, but version ${before?.version ?? 0} was committed last`);
  if (head.version !== (previous?.version ?? 0) + 1) report('I3', `${pid} went from version ${previous?.version ?? 0} to ${head.version}`);
  if (previous && head.clock < previous.clock) report('I3', `the clock of ${pid} went back from ${previous.clock} to ${head.clock}`);
};

/** I3: entries are only appended, and none leaves the head before a chunk has it. Returns the index of the first new one. */
export const appendEntries = (run: RunPicture, head: Head, report: Report): number => {
  const { texts, entries } = run;
  const first = texts.length;
  const where = `${head.pid}/${head.run}`;
  if (head.tailFrom > first)
    report('I3', `the journal of ${where} has a gap: its head begins at ${head.tailFrom}, and ${first} entries are known`);
  if (head.tailFrom > run.covered)
    report('I3', `entries of ${where} left the head before they were spilled: ${run.covered} to ${head.tailFrom}`);
  if (head.tailFrom + head.tail.length < first) report('I3', `the journal of ${where} lost entries at version ${head.version}`);
  for (const [i, text] of head.tail.entries()) {
    const at = head.tailFrom + i;
    if (at < first) {
      if (texts[at] !== text) report('I3', `${where} changed entry ${at} of its journal at version ${head.version}`);
    } else if (at === texts.length) {
      texts.push(text);
      entries.push(JSON.parse(text) as JournalEntry);
    }
  }
  return first;
};

/** I3: a chunk holds entries that were committed before, unchanged. */
export const checkChunk = (run: RunPicture | undefined, { pid, run: name, from, entries }: JournalChunk, report: Report): void => {
  // An instance that was ended while its start was poison has no run.
  if (name === '') return;
  for (const [i, entry] of entries.entries()) {
    const committed = run?.texts[from + i];
    if (committed === undefined) report('I3', `entry ${from + i} of ${pid}/${name} was spilled before it was committed`);
    else if (committed !== entry) report('I3', `a chunk of ${pid}/${name} disagrees with its journal at ${from + i}`);
  }
  if (run && from <= run.covered) run.covered = Math.max(run.covered, from + entries.length);
};

/** I3: the last entries of runs that have continued as new leave the head only after a chunk has them. */
export const checkPastIsSpilled = (
  { pid, runs }: InstancePicture,
  before: readonly PastTail[],
  now: readonly PastTail[],
  report: Report,
): void => {
  for (const { run } of before) {
    const left = runs.get(run);
    if (left && !now.some((each) => each.run === run) && left.covered < left.texts.length)
      report('I3', `the last ${left.texts.length - left.covered} entries of ${pid}/${run} left the head, and are in no chunk`);
  }
};

/** I7: a run begins without a head, on an early buffer, or after a closed run whose journal is completely in chunks. */
export const checkNewRun = (
  { pid, runs }: InstancePicture,
  { head, previous, past }: { readonly head: Head; readonly previous: Head | undefined; readonly past: readonly PastTail[] },
  report: Report,
): void => {
  const over = previous && previous.run !== '' ? previous : undefined;
  const continues = past.some(({ run }) => run === over?.run);
  if (over && !continues && over.status !== 'early' && !isClosed(over.status))
    report('I7', `${pid} began run ${head.run} while ${over.run} was ${over.status}`);
  if (runs.has(head.run)) report('I7', `${pid} began run ${head.run} a second time`);
  const left = over && runs.get(over.run);
  if (left && left.covered < left.texts.length)
    report('I3', `run ${over.run} of ${pid} was replaced with ${left.texts.length - left.covered} entries in no chunk`);
};
