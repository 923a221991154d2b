import { replyKey } from '../../../lib/core/inbound.ts';
import { isClosed } from '../../../lib/core/image.ts';
import type { InstancePicture } from './instance-picture.ts';
import type { Reading, Target } from './reading.ts';
import type { Report } from './violations.ts';

/** A message of an inbox or a hot lane at its last instant. */
export interface Deleted {
  readonly messageId: string;
  readonly reading: Reading;
  /** When a queue accepted it: only what was done since may stand for it. */
  readonly acceptedAt: number;
  readonly isLeft: (messageId: string) => boolean;
  /** Whether another message with the same content is left. `wrapped`: only one that was forced counts. */
  readonly hasCopy: (wrapped: boolean) => boolean;
  readonly isSentBack: (inner: string, since: number) => boolean;
}

/** I14: what a message said is in its instance, and what that caused was accepted; or it is parked; or a copy of it is under way. */
export const checkDeleted = (deleted: Deleted, target: Target, picture: InstancePicture, isEarly: boolean, report: Report): void => {
  if (picture.disturbed || isParked(deleted, picture)) return;
  // A plain copy of a tick sends nothing for it: ticks are matched by the message.
  if (deleted.hasCopy(target.kind === 'tick')) return;
  const what = `${nameOf(target)} for ${picture.pid} (${deleted.messageId})`;
  const { image } = picture;
  if (image && !mayHaveMetClosed(deleted, target, picture))
    for (const unsent of picture.outbox.unsent(carriedBy(deleted, target)))
      report('I14', `${what} was deleted before it had sent ${unsent}`);
  const missing = missingOf(deleted, target, picture, isEarly);
  if (missing !== undefined) report('I14', `${what} was deleted, but ${missing}`);
};

/**
 * One holder of a message may have met the instance while it was closed, and another after it had begun again, and die before it sends: then
 * the first may acknowledge it. What was not sent is, when the command's time is out or its tick is missed.
 */
const mayHaveMetClosed = ({ acceptedAt }: Deleted, { kind }: Target, { closedUntil }: InstancePicture): boolean =>
  kind === 'event' && closedUntil >= acceptedAt;

/** Parked since it came, beside an instance that was stuck for that long where that is the reason; or sent back since. */
const isParked = ({ reading, acceptedAt, isSentBack }: Deleted, picture: InstancePicture): boolean => {
  const parked = picture.parked.get(reading.inner);
  if (!parked || parked.at < acceptedAt) return false;
  return !parked.stuck || picture.stuckUntil >= parked.at || isSentBack(reading.inner, parked.at);
};

/** A duplicate may go while the message that was committed is left: that one sends. */
const carriedBy = (deleted: Deleted, target: Target): ((by: By) => boolean) => {
  const { messageId, isLeft } = deleted;
  const caused = causedBy(deleted, target);
  return (by) => caused(by) && (by.messageId === messageId || !isLeft(by.messageId));
};

interface By {
  readonly cause: string;
  readonly messageId: string;
}

const causedBy = ({ messageId, reading }: Deleted, target: Target): ((by: By) => boolean) => {
  switch (target.kind) {
    case 'event':
      return (by) => target.keys.includes(by.cause);
    case 'reply':
      return (by) => by.cause === replyKey(target.run, target.n, target.outcome);
    case 'operate':
      return (by) => by.cause === `o:${target.id}`;
    case 'tick':
      return reading.wrapped ? (by) => by.cause === `t:${target.run}:${target.tickAt}` : (by) => by.messageId === messageId;
  }
};

const nameOf = (target: Target): string => {
  switch (target.kind) {
    case 'event':
      return `${target.event} ${target.id}`;
    case 'reply':
      return `the answer ${target.outcome} to ${target.run}/${target.n}`;
    case 'operate':
      return `${target.act} ${target.id}`;
    case 'tick':
      return `the tick ${target.tickAt}`;
  }
};

/** What is missing for the event to be done with. */
const missingOf = (deleted: Deleted, target: Target, picture: InstancePicture, isEarly: boolean): string | undefined => {
  switch (target.kind) {
    case 'event':
      return missingEvent(deleted, target, picture, isEarly);
    case 'reply':
      return missingReply(target, picture);
    case 'tick':
      return missingTick(deleted, target, picture);
    case 'operate':
      return missingAct(deleted, target, picture);
  }
};

type Of<Kind extends Target['kind']> = Extract<Target, { kind: Kind }>;

const missingEvent = ({ acceptedAt }: Deleted, target: Of<'event'>, picture: InstancePicture, isEarly: boolean): string | undefined => {
  if (isEarly || picture.closedUntil >= acceptedAt || isJournaled(picture, target.id)) return undefined;
  if (target.attaches && picture.image) return undefined;
  return 'it is neither in the journal, nor in an early buffer, nor parked';
};

const isJournaled = ({ runs }: InstancePicture, id: string): boolean => {
  for (const run of runs.values()) if (run.ids.has(id)) return true;
  return false;
};

const missingReply = (target: Of<'reply'>, { image, runs }: InstancePicture): string | undefined => {
  if (!image) return undefined;
  const { run, n, outcome } = target;
  // A failure of what was given up decides nothing; its success must be undone.
  if (image.tombstones.some((each) => each.run === run && each.n === n))
    return outcome === 'completed' ? 'its late success is not undone' : undefined;
  if (run !== image.run) return undefined;
  if (n >= image.seq) return 'the head has not asked it yet, and is not stuck';
  const command = image.commands.get(n);
  if (!command || isClosed(image.status)) return undefined;
  if (outcome === 'deferred' && command.deferred) return undefined;
  // That its service cannot tell is known already: from an earlier answer, or because it was silent.
  if (outcome === 'unknown' && command.unknown) return undefined;
  const entries = runs.get(run)?.entries ?? [];
  const journaled = entries.some((entry) => entry.type === 'CommandAnswered' && entry.n === n && entry.outcome === outcome && !entry.late);
  return journaled ? undefined : 'the command is still open';
};

const missingTick = ({ hasCopy }: Deleted, { run, tickAt }: Of<'tick'>, { image, outbox }: InstancePicture): string | undefined => {
  if (!image || image.run !== run || image.tickAt !== tickAt || image.status === 'stuck') return undefined;
  // Another for the same instant is under way, or its own carrier will still send it, or the sweeper, who reads the due index.
  return hasCopy(false) || outbox.hasUnsentTick(tickAt) || image.due === tickAt ? undefined : 'the head still waits for it';
};

const missingAct = (deleted: Deleted, target: Of<'operate'>, picture: InstancePicture): string | undefined => {
  const { startedAt, stuckUntil, closedUntil } = picture;
  const { acceptedAt } = deleted;
  // What could not be done is told by the stuck head, and whoever asks again asks anew.
  if (target.act === 'resume' && stuckUntil !== Infinity) return leftParked(deleted, picture);
  // On what has closed, or has not begun, there is nothing to do.
  if (startedAt > acceptedAt || stuckUntil >= acceptedAt || closedUntil >= acceptedAt) return undefined;
  return isJournaled(picture, target.id) ? undefined : 'nothing became of it';
};

/** A `resume` sends back what is parked; what is parked later looks for itself whether the instance is stuck. */
const leftParked = ({ acceptedAt, isSentBack }: Deleted, { parked, stuckAt, stuckUntil }: InstancePicture): string | undefined => {
  // Stuck once more since: that needs a resume of its own.
  if (stuckAt >= acceptedAt) return undefined;
  for (const [inner, event] of parked)
    if (event.stuck && event.at <= Math.min(acceptedAt, stuckUntil) && !isSentBack(inner, event.at))
      return `${inner.slice(0, 120)} is still parked`;
  return undefined;
};
