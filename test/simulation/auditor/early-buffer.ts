import { isClosed } from '../../../lib/core/image.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { InstancePicture, RunPicture } from './instance-picture.ts';
import { journalNames } from './key-names.ts';
import type { Reading, Target } from './reading.ts';
import type { Report } from './violations.ts';

export interface EarlyContext {
  readonly read: (body: string) => Reading;
  readonly wasParked: (inner: string) => boolean;
  /** How many messages of this content queues have ever accepted. */
  readonly accepted: (inner: string) => number;
  /** How many faults have struck so far. */
  readonly faults: number;
  readonly report: Report;
}

/**
 * I6, I13 and I15: an early buffer holds only messages for its instance, and each event that leaves it is parked, or in the journal of a run
 * that this commit writes: the run of the head, or one before it that began, read the event and continued as new in the same commit.
 */
export const checkEarly = (picture: InstancePicture, head: Head, previous: Head | undefined, context: EarlyContext): void => {
  const { read, wasParked, report } = context;
  const before = previous?.early ?? [];
  const now = head.run === '' || head.status === 'early' ? (head.early ?? []) : [];
  for (const body of now.slice(before.length)) {
    const { targets, apart } = read(body);
    if (!apart && !targets.some(({ pid }) => pid === head.pid))
      report('I15', `the early buffer of ${head.pid} holds a message for another instance: ${body.slice(0, 200)}`);
    checkCopies(head.pid, now, body, context);
  }
  if (now.length >= before.length || picture.disturbed) return;
  const written = [head.run, ...(picture.image?.past ?? []).map(({ run }) => run)].map((run) => picture.runs.get(run));
  for (const body of before) {
    const { inner, targets, apart } = read(body);
    if (now.includes(body) || apart || wasParked(inner) || (head.run !== '' && isClosed(head.status))) continue;
    for (const target of targets)
      if (target.kind === 'event' && target.pid === head.pid && !written.some((run) => isJournaled(run, target)))
        report('I6', `${target.event} ${target.id} left the early buffer of ${head.pid}, and is not in its journal`);
  }
};

const isJournaled = (run: RunPicture | undefined, target: Extract<Target, { kind: 'event' }>): boolean =>
  journalNames(target).some((name) => run?.ids.has(name) === true);

/** A message is buffered once, and once more for each fault that may have prevented its acknowledgement. */
const checkCopies = (pid: string, early: readonly string[], body: string, { read, accepted, faults, report }: EarlyContext): void => {
  const { inner } = read(body);
  const copies = early.filter((each) => read(each).inner === inner).length;
  if (copies > accepted(inner) + faults)
    report(
      'I13',
      `the early buffer of ${pid} holds ${copies} copies of a message that was accepted ${accepted(inner)} times: ${inner.slice(0, 200)}`,
    );
};
