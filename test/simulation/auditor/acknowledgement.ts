import { replyKey } from '../../../lib/core/classify.ts';
import { firstRun, isClosed, openCommand } from '../../../lib/core/image.ts';
import { isOfBulk } from './engine-messages.ts';
import type { InstancePicture } from './instance-picture.ts';
import { journalNames } from './key-names.ts';
import type { Reading, Target } from './reading.ts';
import type { Report } from './violations.ts';

/** A message of an inbox or a hot lane, at the moment of its deletion. */
export interface Deleted {
  readonly messageId: string;
  readonly reading: Reading;
  /** When a queue accepted it. Only later happenings can justify the deletion. */
  readonly acceptedAt: number;
  readonly isLeft: (messageId: string) => boolean;
  /** Whether a queue holds another message with the same content. `wrapped`: counts only messages in a wrapper. */
  readonly hasCopy: (wrapped: boolean) => boolean;
  readonly isSentBack: (inner: string, since: number) => boolean;
  /** Whether a queue has accepted a reply to the operation of a bulk job. */
  readonly isOperated: (commandId: string) => boolean;
  /** Whether a message of a key may leave no trace: its subscription has ended, or its copy went back. */
  readonly isOverOfKey: (target: Of<'event'>, picture: InstancePicture) => boolean;
}

/**
 * I14: when a message is deleted, its instance has its content and queues have accepted the sends that it caused; or it is parked; or a
 * queue holds a copy of it.
 */
export const checkDeleted = (deleted: Deleted, target: Target, picture: InstancePicture, isEarly: boolean, report: Report): void => {
  if (picture.disturbed || isParked(deleted, picture)) return;
  // An unwrapped copy of a tick does not repeat the sends of that tick: they are matched by message id.
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
 * One worker may have read the instance while it was closed, and another after it had begun again, and died before it sent. Then the first
 * worker may acknowledge the message. The sends happen later, when the command times out or the sweeper finds the missed tick.
 */
const mayHaveMetClosed = ({ acceptedAt }: Deleted, { kind }: Target, { closedUntil }: InstancePicture): boolean =>
  kind === 'event' && closedUntil >= acceptedAt;

/** Parked since the message was accepted. If the reason is STUCK, the instance was stuck at that time, or the event was sent back since. */
const isParked = ({ reading, acceptedAt, isSentBack }: Deleted, picture: InstancePicture): boolean => {
  const parked = picture.parked.get(reading.inner);
  if (!parked || parked.at < acceptedAt) return false;
  return !parked.stuck || picture.stuckUntil >= parked.at || isSentBack(reading.inner, parked.at);
};

/** A duplicate may be deleted while the message that was committed is left, because that message carries the sends. */
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

/** The part that is missing before the message may be deleted; undefined if nothing is. */
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

const missingEvent = (
  { acceptedAt, isOverOfKey }: Deleted,
  target: Of<'event'>,
  picture: InstancePicture,
  isEarly: boolean,
): string | undefined => {
  if (isEarly || journalNames(target).some((name) => isJournaled(picture, name))) return undefined;
  if (target.listed) return undefined;
  if (target.ofKey ? isOverOfKey(target, picture) : picture.closedUntil >= acceptedAt) return undefined;
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
  // A failure of a command with a tombstone decides nothing; its success must be undone.
  if (image.tombstones.some((each) => each.run === run && each.n === n))
    return outcome === 'completed' ? 'its late success is not undone' : undefined;
  const command = openCommand(image, run, n);
  if (!command && run !== image.run) return undefined;
  if (n >= image.seq) return 'the head has not issued the command yet, and is not stuck';
  if (!command || isClosed(image.status)) return undefined;
  if (outcome === 'deferred' && command.deferred) return undefined;
  // An earlier answer, or the silence of the service, has already shown that the outcome is unknown.
  if (outcome === 'unknown' && command.unknown) return undefined;
  const entries = runs.get(image.run)?.entries ?? [];
  const journaled = entries.some((entry) => entry.type === 'CommandAnswered' && entry.n === n && entry.outcome === outcome && !entry.late);
  return journaled ? undefined : 'the command is still open';
};

const missingTick = ({ hasCopy }: Deleted, { run, tickAt }: Of<'tick'>, { image, outbox }: InstancePicture): string | undefined => {
  if (!image || image.run !== run || image.tickAt !== tickAt || image.status === 'stuck') return undefined;
  // Another tick for the same instant is in flight, or the carrier of this one will still send it, or the sweeper will find it in the due
  // index.
  return hasCopy(false) || outbox.hasUnsentTick(tickAt) || image.due === tickAt ? undefined : 'the head still waits for it';
};

const missingAct = (deleted: Deleted, target: Of<'operate'>, picture: InstancePicture): string | undefined => {
  const { startedAt, stuckUntil, closedUntil } = picture;
  const { acceptedAt, isOperated } = deleted;
  // Each verdict on the operation of a bulk job has its reply.
  if (isOfBulk(target.id) && !isOperated(target.id)) return 'its job has no reply to it';
  if (target.run !== undefined && picture.image && target.run !== firstRun(picture.image)) return undefined;
  // If a resume fails, the head is stuck again and names the reason. Each further resume is a request of its own.
  if (target.act === 'resume' && stuckUntil !== Infinity) return leftParked(deleted, picture);
  // If the instance was stuck or closed, or had not begun, the act may have changed nothing.
  if (startedAt > acceptedAt || stuckUntil >= acceptedAt || closedUntil >= acceptedAt) return undefined;
  if (isJournaled(picture, target.id)) return undefined;
  // A second pause changes nothing, also if one commit has applied the first one and its resume.
  if (target.act === 'pause' && [...picture.runs.values()].some(({ entries }) => entries.some(({ type }) => type === 'Paused')))
    return undefined;
  // A move to the version of the run changes nothing, also if another move follows in the same commit.
  if (target.act === 'move' && (isOnVersion(picture, target.version) || hasMoved(picture))) return undefined;
  return 'it is not in the journal';
};

const isOnVersion = ({ image }: InstancePicture, version: number | undefined): boolean =>
  image?.definition.endsWith(`@${version}`) === true;

const hasMoved = ({ runs }: InstancePicture): boolean =>
  [...runs.values()].some(({ entries }) => entries.some(({ type }) => type === 'Moved'));

/** A `resume` sends back the events that are parked. A worker that parks one later checks by itself whether the instance is stuck. */
const leftParked = ({ acceptedAt, isSentBack }: Deleted, { parked, stuckAt, stuckUntil }: InstancePicture): string | undefined => {
  // The instance became stuck again since, which needs another resume.
  if (stuckAt >= acceptedAt) return undefined;
  for (const [inner, event] of parked)
    if (event.stuck && event.at <= Math.min(acceptedAt, stuckUntil) && !isSentBack(inner, event.at))
      return `${inner.slice(0, 120)} is still parked`;
  return undefined;
};
