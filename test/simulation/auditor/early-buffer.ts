import { isClosed } from '../../../lib/core/image.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Reading } from './reading.ts';
import type { Report } from './violations.ts';

export interface EarlyContext {
  readonly read: (body: string) => Reading;
  readonly wasParked: (inner: string) => boolean;
  readonly report: Report;
}

/** I6 and I15: an early buffer holds what is for its instance, and what leaves it is in the journal or parked. */
export const checkEarly = (picture: InstancePicture, head: Head, previous: Head | undefined, context: EarlyContext): void => {
  const { read, wasParked, report } = context;
  const before = previous?.early ?? [];
  const now = head.run === '' || head.status === 'early' ? (head.early ?? []) : [];
  for (const body of now.slice(before.length)) {
    const { targets, apart } = read(body);
    if (!apart && !targets.some(({ pid }) => pid === head.pid))
      report('I15', `the early buffer of ${head.pid} holds what is not for it: ${body.slice(0, 200)}`);
  }
  if (now.length >= before.length || picture.disturbed) return;
  for (const body of before) {
    const { inner, targets, apart } = read(body);
    if (now.includes(body) || apart || wasParked(inner) || isClosed(head.status)) continue;
    for (const target of targets)
      if (target.kind === 'event' && target.pid === head.pid && picture.runs.get(head.run)?.ids.has(target.id) !== true)
        report('I6', `${target.event} ${target.id} left the early buffer of ${head.pid}, and is not in its journal`);
  }
};
