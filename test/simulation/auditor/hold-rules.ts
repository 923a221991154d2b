import { HOLD_EVENTS, isRefusedByHold, isSameScope, scopeKey, type HoldEvent, type HoldScope } from '../../../lib/contract/holds.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import { processOf, tenantOfPid } from '../../../lib/contract/wire/process-id.ts';
import { isClosed, type Image } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { HoldMessage, InboxMessage, ReleaseAllMessage } from '../../../lib/format/inbox-message.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Contracts } from './contracts.ts';
import type { InstancePicture, RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** A hold in force: when its instance has journaled it, in milliseconds. */
interface InForce {
  readonly id: string;
  readonly at: number;
  readonly scope: HoldScope;
  /** It refuses new starts. */
  readonly refuses: boolean;
}

/** The picture of a world at one happening. */
interface Seen {
  /** The number of the happening. */
  readonly at: number;
  readonly pictures: ReadonlyMap<string, InstancePicture>;
  /** The instance that keeps the holds. */
  readonly keeper: InstancePicture | undefined;
  readonly report: Report;
}

/** Entries by which an operator decides, also on what a hold has paused. */
const OPERATED: ReadonlySet<string> = new Set(['CancelRequested', 'TerminateRequested', 'Moved', 'Paused', 'Resumed', 'ForkRequested']);
/** A copy of the holds is at most twenty seconds old, and one call of the engine takes at most as long. */
const KNOWN_MS = 60_000;

/** The rules of the pause of a process or a service (docs/protocol.md#holds). */
export class HoldRules {
  readonly #requests = new Map<string, HoldMessage>();
  /** When a queue has last accepted the release of an instance, by `pid hold`, and the ids of releases. */
  readonly #released = new Map<string, number>();
  readonly #releases = new Map<string, string>();
  /** The messages that look for what a hold holds, by scope. */
  readonly #looking = new Map<string, string[]>();
  /** When a hold of a scope has last ended. */
  readonly #ended = new Map<string, number>();
  /** The starts that are parked as held, with the happening. */
  readonly #starts = new Map<string, { readonly pid: string; readonly at: number; readonly detail: string }>();

  /** The instances of which a start was refused. */
  readonly #refused = new Set<string>();

  /** I8: an instance is released only after a hold of that scope has ended. */
  accepted(body: string, messageId: string, { at, keeper, report }: Seen): void {
    if (!body.startsWith('{"tutti":"hold"') && !body.startsWith('{"tutti":"release')) return;
    const message = JSON.parse(body) as InboxMessage;
    if (message.tutti === 'hold') this.#requests.set(message.opid, message);
    if (message.tutti === 'release-all') this.#looking.set(endOf(message), [...(this.#looking.get(endOf(message)) ?? []), messageId]);
    if (message.tutti !== 'release') return;
    const { pid, hold, opid } = message;
    this.#released.set(`${pid} ${hold}`, at);
    this.#releases.set(`${pid} ${opid}`, hold);
    const hasEnded = this.#ended.has(`${tenantOfPid(pid)} ${hold}`);
    if (!hasEnded && keeper?.disturbed !== true) report('I8', `${pid} is released, and no hold of the ${hold} has ended`);
  }

  /** I6: only a hold keeps a start. */
  parked(event: ParkedEvent, inner: string, queues: Queues, seen: Seen): void {
    const { pid, reason, detail } = event;
    const { at, keeper, report } = seen;
    if (reason === 'REFUSED' && isRefusedByHold(detail)) this.#checkRefused(event, inner, queues, seen);
    if (reason !== 'HELD') return;
    this.#starts.set(inner, { pid, at, detail });
    const tenant = tenantOfPid(pid);
    const began = eventsOf(keeper)
      .filter(({ told }) => told.act === 'pause')
      .map(({ told }) => scopeOf(told));
    const isHeld = began.some((scope) => scope.tenant === tenant && (scope.service !== undefined || scope.process === processOf(pid)));
    if (!isHeld && keeper?.disturbed !== true) report('I6', `a start of ${pid} was parked as held, and nothing has held it`);
  }

  /** I6: a hold that refuses starts was in force at some time since the start was sent. */
  #checkRefused({ pid, detail, id }: ParkedEvent, inner: string, queues: Queues, { keeper, report }: Seen): void {
    if (keeper?.disturbed) return;
    this.#refused.add(pid);
    const refuses = holdsInForce(keeper).some((each) => each.refuses && isStartOf(each.scope, pid, detail));
    const ended = [...this.#requests.values()]
      .filter((each) => each.starts === 'reject' && isStartOf(each, pid, detail))
      .some((each) => (this.#ended.get(endOf(each)) ?? -1) >= queues.firstAt(inner));
    if (!refuses && !ended) report('I6', `the start ${id} of ${pid} was refused, and its hold was over before it was sent`);
  }

  committed(picture: InstancePicture, run: RunPicture, first: number, decided: Decided): void {
    const entries = run.entries.slice(first);
    if (picture === decided.keeper)
      for (const told of entries.flatMap(toldBy)) if (told.act === 'resume') this.#ended.set(endOf(told), decided.at);
    for (const [i, entry] of entries.entries()) {
      if (entry.type === 'Paused' && entry.hold !== undefined) this.#checkPaused(picture, run, first + i, decided);
      if (entry.type === 'Resumed') this.#checkResumed(picture, run, first + i, decided.report);
    }
    if (!picture.disturbed && decided.keeper?.disturbed !== true) checkKnown(picture, run, entries, decided);
  }

  /** I8, I12: a hold that its instance keeps has this scope and this principal. I4: it pauses an instance once. */
  #checkPaused({ pid, disturbed }: InstancePicture, { entries }: RunPicture, index: number, { keeper, report }: Decided): void {
    const entry = entries[index] as Extract<JournalEntry, { type: 'Paused' }>;
    const asked = this.#requests.get(entry.id);
    if (asked?.act !== 'pause' || scopeKey(asked) !== entry.hold || asked.by !== entry.by)
      report('I12', `${pid} was paused by the hold ${entry.id} of the ${entry.hold}, which ${entry.by} did not request`);
    else if (asked.tenant !== tenantOfPid(pid) || (asked.process !== undefined && asked.process !== processOf(pid)))
      report('I15', `${pid} was paused by a hold of the ${entry.hold} of ${asked.tenant}`);
    if (keeper?.disturbed || disturbed) return;
    if (!eventsOf(keeper).some(({ id }) => id === entry.id))
      report('I1', `${pid} was paused by the hold ${entry.id}, which was not committed`);
    if (entries.slice(0, index).some((each) => each.type === 'Paused' && each.id === entry.id))
      report('I4', `${pid} was paused twice by the hold ${entry.id}`);
    if ((entry.since ?? entry.at) > entry.at)
      report('I11', `the clock of ${pid} stands from ${entry.since}, and was paused at ${entry.at}`);
  }

  /** I8: the end of a hold resumes only what that hold has paused. */
  #checkResumed({ pid, disturbed }: InstancePicture, { entries }: RunPicture, index: number, report: Report): void {
    const { id } = entries[index] as Extract<JournalEntry, { type: 'Resumed' }>;
    const hold = this.#releases.get(`${pid} ${id}`);
    const paused = entries.slice(0, index).findLast((each) => each.type === 'Paused');
    if (hold !== undefined && paused?.hold !== hold && !disturbed)
      report('I8', `the end of a hold of the ${hold} has resumed ${pid}, which ${paused?.by} had paused`);
  }

  /** Whether a hold has refused a start of this instance: events before it may have expired when it comes again. */
  wasRefused(pid: string): boolean {
    return this.#refused.has(pid);
  }

  /** I14: the message that looks for what a hold holds is deleted only when it has sent all of that back, or comes again. */
  deleting(messageId: string, scope: ReleaseAllMessage, queues: Queues, { pictures, keeper, report }: Seen): void {
    const comesAgain = this.#looking.get(endOf(scope))?.some((id) => id !== messageId && queues.isLeft(id)) === true;
    if (comesAgain || keeper?.disturbed || holdsInForce(keeper).some((each) => isSameScope(each.scope, scope))) return;
    const endedAt = this.#ended.get(endOf(scope)) ?? -1;
    const released = (pid: string): number => this.#released.get(`${pid} ${scopeKey(scope)}`) ?? -1;
    for (const { pid, head, stuckAt, disturbed } of pictures.values())
      if (isPausedBy(head?.paused, scope, pid) && !disturbed && stuckAt < endedAt && released(pid) < stuckAt)
        report('I14', `the end of the hold of the ${scopeKey(scope)} has left ${pid} paused`);
    for (const [inner, { pid, at, detail }] of this.#starts)
      if (isStartOf(scope, pid, detail) && at < endedAt && !queues.isSentBack(inner, at) && pictures.get(pid)?.disturbed !== true)
        report('I14', `the end of the hold of the ${scopeKey(scope)} has left a start of ${pid} parked`);
  }

  /** I6, I8, at rest: what no hold in force holds goes on. `began`: the start has begun its run, by a redelivery of its message. */
  atRest(parked: readonly ParkedEvent[], began: (event: ParkedEvent) => boolean, { pictures, keeper, report }: Seen): void {
    if (keeper?.disturbed) return;
    const inForce = holdsInForce(keeper);
    for (const { pid, head, disturbed } of pictures.values()) {
      const hold = pausedBy(head?.paused);
      if (hold === undefined || disturbed || inForce.some(({ scope }) => isPausedBy(head?.paused, scope, pid))) continue;
      report('I8', `${pid} is still paused by the hold of the ${hold}, which is over`);
    }
    for (const event of parked) {
      const { pid, reason, id, detail } = event;
      const isHeld = inForce.some(({ scope }) => isStartOf(scope, pid, detail));
      if (reason === 'HELD' && !isHeld && pictures.get(pid)?.disturbed !== true && !began(event))
        report('I6', `the start ${id} of ${pid} is still parked, and its hold is over`);
    }
  }
}

/** The queues of the engine. */
interface Queues {
  /** When a message of this content was accepted first. */
  readonly firstAt: (inner: string) => number;
  readonly isLeft: (messageId: string) => boolean;
  readonly isSentBack: (inner: string, since: number) => boolean;
}

interface Decided extends Seen {
  readonly contracts: Contracts;
  /** The image before, if it is of the same run. */
  readonly before: Image | undefined;
  /** The time, if no fault may have delayed a worker. */
  readonly steadyAt: number | undefined;
}

/** I8: once every worker knows a hold, no event of its process is decided, and no decision sends to its service. */
const checkKnown = (
  { pid, head }: InstancePicture,
  run: RunPicture,
  entries: readonly JournalEntry[],
  { keeper, contracts, before, steadyAt, report }: Decided,
): void => {
  if (steadyAt === undefined || entries.length === 0 || entries.some(isOperated) || (before && isClosed(before.status))) return;
  for (const { id, at, scope } of holdsInForce(keeper)) {
    if (
      scope.tenant !== tenantOfPid(pid) ||
      steadyAt - at <= KNOWN_MS ||
      run.entries.some((each) => (each.type === 'Paused' && each.id === id) || (each.type === 'CancelRequested' && each.at >= at))
    )
      continue;
    const sends = entries.some((entry) => entry.type === 'CommandIssued' && contracts.command(entry.command)?.service === scope.service);
    if (scope.process === processOf(pid) || (scope.service !== undefined && sends))
      report('I8', `${pid} has decided ${steadyAt - at} ms after the pause of the ${scopeKey(scope)} began, at version ${head?.version}`);
  }
};

const isOperated = (entry: JournalEntry): boolean =>
  OPERATED.has(entry.type) || (entry.type === 'CommandAnswered' && entry.resolved !== undefined);

/** The holds in force, by the journal of the instance that keeps them. */
export const holdsInForce = (keeper: InstancePicture | undefined): readonly InForce[] => {
  let holds: InForce[] = [];
  for (const { id, at, told } of eventsOf(keeper)) {
    const scope = scopeOf(told);
    const isHeld = holds.some((each) => isSameScope(each.scope, scope));
    if (told.act === 'resume') holds = holds.filter((each) => !isSameScope(each.scope, scope));
    else if (!isHeld) holds.push({ id, at, scope, refuses: told.hold.starts === 'reject' });
  }
  return holds;
};

const eventsOf = (keeper: InstancePicture | undefined): readonly { readonly id: string; readonly at: number; readonly told: HoldEvent }[] =>
  [...(keeper?.runs.values() ?? [])].flatMap(({ entries }) =>
    entries.flatMap((entry) => toldBy(entry).map((told) => ({ ...(entry as { readonly id: string; readonly at: number }), told }))),
  );

const TYPES: ReadonlySet<string> = new Set(Object.values(HOLD_EVENTS));

const toldBy = (entry: JournalEntry): readonly HoldEvent[] =>
  (entry.type === 'EventReceived' || entry.type === 'ProcessStarted') && TYPES.has(entry.event) && 'data' in entry
    ? [(entry as { readonly data: Json }).data as unknown as HoldEvent]
    : [];

const scopeOf = (told: HoldEvent): HoldScope => (told.act === 'pause' ? told.hold : told);

const endOf = (scope: HoldScope): string => `${scope.tenant} ${scopeKey(scope)}`;

const pausedBy = (paused: string | undefined): string | undefined =>
  paused === undefined ? undefined : (JSON.parse(paused) as { readonly hold?: string }).hold;

const isPausedBy = (paused: string | undefined, scope: HoldScope, pid: string): boolean =>
  pausedBy(paused) === scopeKey(scope) && tenantOfPid(pid) === scope.tenant;

/** Whether the hold of this scope has kept a start, by the detail of its parked copy. */
const isStartOf = (scope: HoldScope, pid: string, detail: string): boolean =>
  tenantOfPid(pid) === scope.tenant && detail.startsWith(`The ${scopeKey(scope).replace(':', ' ')} is paused `);
