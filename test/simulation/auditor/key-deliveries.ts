import { isKey, SUBSCRIBERS_MAX } from '../../../lib/contract/keys.ts';
import { parsePid, pidOfCommand } from '../../../lib/contract/wire/process-id.ts';
import { isClosed, type Image } from '../../../lib/core/image.ts';
import type { ForwardMessage, InboxMessage, UnsubscribeMessage } from '../../../lib/format/inbox-message.ts';
import type { InstancePicture } from './instance-picture.ts';
import { copyName } from './key-names.ts';
import type { Reading, Target } from './reading.ts';
import type { Report } from './violations.ts';

type PictureOf = (pid: string) => InstancePicture | undefined;
type EventTarget = Extract<Target, { kind: 'event' }>;

/** The knowledge of an auditor at the end of a world. */
export interface KeysAtRest {
  readonly pictures: ReadonlyMap<string, InstancePicture>;
  readonly read: (body: string) => Reading;
  readonly report: Report;
}

/** The events by key, their copies, and the ends of subscriptions, as the inbox has accepted them (docs/protocol.md#keys). */
export class KeyDeliveries {
  /** When each copy came back last, by `copyName`. */
  readonly #returned = new Map<string, number>();
  readonly #forwarded = new Set<string>();
  /** When each subscription was last added to its key. */
  readonly #addedAt = new Map<string, number>();
  /** The events that queues have accepted for each key, as `type id`. */
  readonly #events = new Map<string, Set<string>>();
  /** The events that were parked, as `type id`: beside their key, or as a copy beside their subscriber. */
  readonly #parked = new Set<string>();

  accepted(body: string, at: number, pictureOf: PictureOf, report: Report): void {
    if (!OF_KEYS.test(body)) return;
    const message = JSON.parse(body) as InboxMessage;
    if (message.tutti === 'forward') this.#forwardAccepted(message, pictureOf, report);
    if (message.tutti === 'return') this.#returnAccepted(message, at, pictureOf, report);
    if (message.tutti === 'unsubscribe') unsubscribeAccepted(message, pictureOf, report);
  }

  noted({ pid, event, id, ofKey }: EventTarget): void {
    if (!isKey(pid) || ofKey) return;
    const events = this.#events.get(pid) ?? new Set();
    this.#events.set(pid, events.add(`${event} ${id}`));
  }

  parked({ targets }: Reading): void {
    for (const target of targets) if (target.kind === 'event') this.#parked.add(nameOf(target));
  }

  /** A key was committed. */
  committed(before: Image | undefined, { key }: Image, at: number): void {
    for (const each of key?.subscribers ?? []) if (!before?.key?.subscribers.includes(each)) this.#addedAt.set(each, at);
  }

  /** Whether a message of a key that left no trace in a journal may be deleted. */
  isOver(target: EventTarget, { image }: InstancePicture, acceptedAt: number): boolean {
    const subscribers = image?.key?.subscribers ?? [];
    switch (target.ofKey) {
      case 'copy':
        return (this.#returned.get(target.copy ?? '') ?? -1) > acceptedAt;
      case 'end':
        return !subscribers.includes(target.id) || (this.#addedAt.get(target.id) ?? -1) >= acceptedAt;
      case 'subscription':
        return subscribers.length >= SUBSCRIBERS_MAX;
      default:
        return false;
    }
  }

  /** I1: a key forwards what it has received, to those that have subscribed. */
  #forwardAccepted(message: ForwardMessage, pictureOf: PictureOf, report: Report): void {
    const { subscription, owner, event } = message;
    this.#forwarded.add(copyName(message));
    const picture = pictureOf(owner);
    picture?.outbox.copySent(copyName(message));
    if (picture?.disturbed) return;
    const runs = [...(picture?.runs.values() ?? [])];
    if (!runs.some(({ heard }) => heard.has(`${event.type} ${event.id}`)))
      report('I1', `${owner} forwards ${event.type} ${event.id}, which it has not received`);
    if (!runs.some(({ ids }) => ids.has(subscription))) report('I1', `${owner} forwards to ${subscription}, which has not subscribed`);
  }

  /** I1: a copy comes back only if it was forwarded. */
  #returnAccepted(message: ForwardMessage, at: number, pictureOf: PictureOf, report: Report): void {
    const copy = copyName(message);
    this.#returned.set(copy, at);
    if (!this.#forwarded.has(copy) && pictureOf(message.owner)?.disturbed !== true)
      report('I1', `the copy ${copy} comes back to ${message.owner}, which has not forwarded it`);
  }

  /** I4, I6, I8 at rest: each event by key is taken, kept or parked, and each key has the subscribers that wait for it. */
  atRest({ pictures, read, report }: KeysAtRest): void {
    // A run may refer to a key or to a subscriber that a restore has changed.
    if (this.#events.size === 0 || [...pictures.values()].some(({ disturbed }) => disturbed)) return;
    const takers = takersIn(pictures);
    for (const [pid, events] of this.#events) {
      const picture = pictures.get(pid);
      if (!picture || picture.head?.status === 'stuck') continue;
      const kept = keptBy(picture, read);
      for (const event of events) this.#checkFate({ picture, event, takers: takers.get(event) ?? [], isKept: kept.has(event) }, report);
      checkSubscribers(picture, pictures, report);
    }
    for (const picture of pictures.values()) checkSubscribed(picture, pictures, report);
  }

  #checkFate({ picture, event, takers, isKept }: Fate, report: Report): void {
    const { pid, image } = picture;
    const own = takers.filter((each) => image?.key === undefined || parsePid(each.pid)?.process === image.key.process);
    if (own.length === 0 && !isKept && !this.#parked.has(event)) report('I6', `${event} came to ${pid}, and no instance has it`);
    if (own.length > 0 && isKept) report('I4', `${event} is kept by ${pid} for the next subscriber, and ${own[0]!.pid} has it`);
    if (image?.key?.deliver === 'first' && own.length > 1)
      report('I4', `${event} went to ${own.map((each) => each.pid).join(' and ')}, and only one of them may get it`);
  }
}

interface Fate {
  readonly picture: InstancePicture;
  readonly event: string;
  readonly takers: readonly { readonly pid: string }[];
  readonly isKept: boolean;
}

const OF_KEYS = /^\{"tutti":"(?:forward|return|unsubscribe)"/;

/** The event of a target, as `type id`; of a copy too. */
const nameOf = ({ event, id, copy }: EventTarget): string =>
  copy === undefined ? `${event} ${id}` : copy.split(' ').slice(0, 2).join(' ');

/** I1: a subscription ends with the run that holds it. */
const unsubscribeAccepted = ({ subscription }: UnsubscribeMessage, pictureOf: PictureOf, report: Report): void => {
  const picture = pictureOf(pidOfCommand(subscription));
  picture?.outbox.endSent(subscription);
  if (picture && !picture.disturbed && isHeld(picture, subscription)) report('I1', `${subscription} is ended, and its run holds it`);
};

const isHeld = ({ pid, image }: InstancePicture, subscription: string): boolean =>
  image?.subscriptions?.some(({ run, n }) => `${pid}/${run}/${n}` === subscription) === true;

/** The instances that have received each event by key, as `type id`. */
const takersIn = (pictures: ReadonlyMap<string, InstancePicture>): Map<string, { readonly pid: string }[]> => {
  const takers = new Map<string, { readonly pid: string }[]>();
  for (const { pid, runs } of pictures.values())
    for (const { entries } of runs.values())
      for (const entry of entries) {
        if (entry.type !== 'EventReceived' || entry.key === undefined || entry.moved) continue;
        const name = `${entry.event} ${entry.id}`;
        takers.set(name, [...(takers.get(name) ?? []), { pid }]);
      }
  return takers;
};

/** The events that a key keeps for its next subscriber. One that its ring holds is not applied again, so it is not kept. */
const keptBy = ({ pid, head, image }: InstancePicture, read: (body: string) => Reading): ReadonlySet<string> => {
  const kept = new Set<string>();
  for (const body of head?.early ?? [])
    for (const target of read(body).targets)
      if (
        target.kind === 'event' &&
        target.pid === pid &&
        !image?.signals.some(({ id }) => target.keys.some((key) => key.endsWith(`:${id}`)))
      )
        kept.add(nameOf(target));
  return kept;
};

/** I8: no subscriber that has ended stays. */
const checkSubscribers = ({ pid, image }: InstancePicture, pictures: ReadonlyMap<string, InstancePicture>, report: Report): void => {
  for (const each of image?.key?.subscribers ?? []) {
    const subscriber = pictures.get(pidOfCommand(each));
    if (subscriber && !isHeld(subscriber, each)) report('I8', `${each} has ended, and stays a subscriber of ${pid}`);
  }
};

/** I8: each run that waits for a key is its subscriber. */
const checkSubscribed = ({ pid, image }: InstancePicture, pictures: ReadonlyMap<string, InstancePicture>, report: Report): void => {
  if (!image || image.status === 'stuck' || isClosed(image.status)) return;
  for (const { run, n, owner } of image.subscriptions ?? [])
    if (pictures.get(owner)?.image?.key?.subscribers.includes(`${pid}/${run}/${n}`) !== true)
      report('I8', `${pid}/${run}/${n} waits for a key, and ${owner} does not know it`);
};
