import { SUBSCRIBE, SUBSCRIBERS_MAX, type KeyName } from '../contract/keys.ts';
import type { Json } from '../contract/schema.ts';
import type { FrontEnd } from './front-end.ts';
import { EARLY_EVENTS_MAX, type ForwardedEvent, type Image, type KeyState } from './image.ts';
import type { KeyInbound, ReturnedEvent } from './inbound.ts';
import type { RecordedFact } from './journal-entry.ts';
import { offload } from './journal.ts';
import type { ProcessRun } from './run.ts';

/**
 * A key: the instance between the publishers of an event and the instances that wait for it (docs/protocol.md#keys).
 * `verdictOfKey` classifies a message for it, the engine journals the fact (lib/engine/advance/apply-to-key.ts), and the reducer
 * `KeyFrontEnd` decides.
 *
 * K1 An event goes to the subscribers that the key has when it applies the event: to all of them, or with `deliver: 'first'` to the one
 *    that subscribed first. It keeps its own id, so a subscriber that gets two copies takes one.
 * K2 Without a subscriber the key is at rest: an early buffer, which keeps the ring of signals. Its next subscriber gets what it has kept.
 * K3 A copy whose subscription has ended comes back once. The subscription is removed. If every copy of the event has come back, the event
 *    goes to the other subscribers, else into the early buffer, in the same write. Each time is a round of its own: a subscription that a
 *    late duplicate has added again returns the event once more. If that leaves no subscriber, the other kept events stay kept.
 * K4 The reply to a subscription needs no place in the head: it is sent again for each copy of the command.
 */
export function verdictOfKey(image: Image | undefined, inbound: KeyInbound): 'apply' | 'dup' | 'early' | 'closed' | 'park' {
  const { act, id } = inbound;
  const subscribers = image?.key?.subscribers ?? [];
  if (image?.status === 'stuck') return 'park';
  switch (act) {
    case 'subscribe':
      if (subscribers.includes(id)) return 'dup';
      return subscribers.length < SUBSCRIBERS_MAX ? 'apply' : 'closed';
    case 'unsubscribe':
      return subscribers.includes(id) ? 'apply' : 'dup';
    case 'return':
      if (image?.signals.some((each) => each.id === inbound.identity)) return 'dup';
      return !image?.key || isFull(image) ? 'early' : 'apply';
  }
}

function isFull({ status, early = [] }: Image): boolean {
  return status === 'early' && early.length >= EARLY_EVENTS_MAX;
}

/** The state of a key with a subscriber. It has another one at each subscription. */
export function openKey(image: Image, { name, deliver }: KeyInbound): void {
  image.status = 'running';
  delete image.early;
  delete image.due;
  image.key ??= { ...(name as KeyName), subscribers: [] };
  image.key.deliver = deliver;
}

/** Whether the last copy of an event has come back, and no subscriber is left to get it: then the early buffer keeps it. */
export function isKept({ key }: Image, id: string, returned: ReturnedEvent): boolean {
  return (key as KeyState).subscribers.every((each) => each === id) && isLast(key as KeyState, returned);
}

/** Puts the message of an event into the early buffer of a key, which gives it to the next subscriber. */
export function keepEarly(image: Image, { body, earlyMs }: Pick<ReturnedEvent, 'body' | 'earlyMs'>, at: number): void {
  image.early = [...(image.early ?? []), body];
  image.due ??= at + earlyMs;
}

/** A key without a subscriber is an early buffer, which the store removes after some time without an event. */
export function rest(image: Image): void {
  if ((image.key as KeyState).subscribers.length > 0) return;
  image.status = 'early';
  image.early ??= [];
}

export const UNSUBSCRIBED = 'tutti.unsubscribed';
export const RETURNED = 'tutti.returned';

function isLast(key: KeyState, { identity, to }: Pick<ReturnedEvent, 'identity' | 'to'>): boolean {
  return returnsOf(key, identity) + 1 >= to;
}

function returnsOf({ returns = [] }: KeyState, identity: string): number {
  return returns.find(([id]) => id === identity)?.[1] ?? 0;
}

/** Events of which some copies have come back. An older one counts as taken: its other copies came long ago. */
const RETURNS_MAX = 64;

function countReturn(key: KeyState, identity: string, count: number | undefined): void {
  const others = (key.returns ?? []).filter(([id]) => id !== identity);
  const all = count === undefined ? others : [...others, [identity, count] as const].slice(-RETURNS_MAX);
  key.returns = all.length === 0 ? undefined : all;
}

/** The reducer of a key. */
export class KeyFrontEnd implements FrontEnd {
  readonly #run: ProcessRun;

  constructor(run: ProcessRun) {
    this.#run = run;
  }

  advance(fact: RecordedFact): Promise<void> {
    if (fact.type === 'ProcessStarted' || fact.type === 'EventReceived') this.#decide(this.#run.image.key as KeyState, fact);
    return Promise.resolve();
  }

  #decide(key: KeyState, fact: Extract<RecordedFact, { type: 'ProcessStarted' | 'EventReceived' }>): void {
    const { id } = fact;
    switch (fact.event) {
      case SUBSCRIBE:
        key.subscribers.push(id);
        return;
      case UNSUBSCRIBED:
        remove(key, id);
        return;
      case RETURNED: {
        const returned = fact.data as unknown as Omit<ReturnedEvent, 'body' | 'earlyMs'>;
        remove(key, id);
        if (!isLast(key, returned)) countReturn(key, returned.identity, returnsOf(key, returned.identity) + 1);
        else if (key.subscribers.length > 0) {
          countReturn(key, returned.identity, undefined);
          forward(this.#run, key, { ...returned, round: (returned.round ?? 0) + 1 });
        }
        return;
      }
      default:
        forward(this.#run, key, { ...fact, data: fact.data as Json });
    }
  }
}

function remove(key: KeyState, id: string): void {
  key.subscribers = key.subscribers.filter((each) => each !== id);
}

interface Forwarding extends ForwardedEvent {
  readonly event: string;
  readonly data: Json;
  readonly dataversion?: number;
  readonly round?: number;
}

/** One pending send for all copies. Each is a message to its subscriber. */
function forward(run: ProcessRun, key: KeyState, { event, id, source, time, data, dataversion, round }: Forwarding): void {
  const to = key.deliver === 'first' ? key.subscribers.slice(0, 1) : [...key.subscribers];
  const dataref = offload(run, data);
  run.image.pendingSends.push({
    n: 0,
    kind: 'forward',
    cause: run.carrier.cause,
    messageId: run.carrier.messageId,
    at: run.image.clock,
    event,
    data,
    ...(dataversion !== undefined && { version: dataversion }),
    ...(dataref !== undefined && { dataref }),
    forwarded: { id, source, time, to, ...(round !== undefined && { round }) },
    hops: run.hops,
    ...(run.trace !== undefined && { trace: run.trace }),
  });
}
