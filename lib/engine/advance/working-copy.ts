import { HOLDS_PID } from '../../contract/holds.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { isClosed, newImage, type Answered, type Image, type PendingSend, type StuckReason } from '../../core/image.ts';
import type { Inbound, OperationInbound, StartInbound } from '../../core/inbound.ts';
import { sendsOf } from '../../core/continuing.ts';
import { unresolvedCount } from '../../core/image.ts';
import { decodeHead, resolveReferences } from '../../format/head-codec.ts';
import { fitsLane } from '../../format/inbox-message.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Tracer } from '../../format/tracer.ts';
import { shortText } from '../acknowledge/park.ts';
import type { StepsBefore } from '../acknowledge/observe-steps.ts';
import { retrySeconds } from '../acknowledge/redelivery-delays.ts';
import { type Item, decidesOn } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { dispatchContext, dispatchesCausedBy, replyDispatch } from '../send/dispatch.ts';
import { markContention, sendLeft, sendPending } from '../send/send-all.ts';
import { beginRun } from './begin-run.ts';
import { type BaseHead, type Commit, LiveInstance, commitImage, expectation, rebuildInstance } from './live-instance.ts';
import { decideEvent, verdictOn } from './decide.ts';
import { applyEarly, parkEarly } from './early-events.ts';
import { keySends } from '../send/key-sends.ts';
import { turnOver } from './suspects.ts';

/** The state of an instance from which its events are decided. `strong`: read consistently, or just committed. */
export interface Basis {
  readonly head: Head | undefined;
  readonly live: LiveInstance | undefined;
  readonly strong: boolean;
  /** Whether this worker has sent the pending sends of the head, together with those of the other instances of the batch. */
  readonly pendingSent?: boolean;
}

/** Events of one instance that are decided in one commit. */
export interface Group {
  readonly pid: string;
  readonly items: readonly Item[];
  /** No other instance is advanced meanwhile, so an unhandled rejection is of this one. */
  readonly alone: boolean;
}

/** `stale`: nothing was written, so read again and decide again. `raced`: false for a start that was decided without a read. */
export type Attempt =
  | { readonly kind: 'done' | 'suspect' | 'stale' }
  | { readonly kind: 'conflict'; readonly current: Head | undefined; readonly raced: boolean };

/** One attempt: classifies each event, decides on those that apply, and commits once. */
export async function decideOnce(
  context: EngineContext,
  { pid, items, basis, alone, contended }: Group & { readonly basis: Basis; readonly contended: boolean },
): Promise<Attempt> {
  const working = new WorkingCopy(context, pid, basis);
  const rejections = context.rejections.count;
  const isSpoilt = await working.decide(items, alone);
  if (!alone && context.rejections.count > rejections) return { kind: 'suspect' };
  if (isSpoilt || (!working.changed && !(await isConfirmed(context, pid, basis)))) {
    forgetUnproved(items, basis);
    return { kind: 'stale' };
  }
  if (!working.changed) {
    await working.readReferences();
    working.finish(items);
    await working.answerAgain(items);
    return { kind: 'done' };
  }
  const commit = await working.commit(contended || (context.lane && items.filter(decidesOn).length > 1));
  switch (commit.status) {
    case 'committed':
      working.finish(items);
      if (items.some(mayAnswerAgain)) await working.answerAgain(items);
      return { kind: 'done' };
    case 'too-large':
      // The other events of the group may have sends to repeat, so the next attempt leaves these out.
      if (basis.strong) for (const item of items) if (decidesOn(item)) item.refused ??= commit.reason;
      return { kind: 'stale' };
    case 'conflict':
      if (context.instrumentation?.conflict) (await import('../on-demand.ts')).observeConflict(context, pid);
      forgetUnproved(items, basis);
      return { kind: 'conflict', current: commit.current, raced: basis.strong || basis.live !== undefined };
  }
}

/** Only a start and the operation of a bulk job may have a reply to send again. */
function mayAnswerAgain({ target: { inbound } }: Item): boolean {
  return inbound.kind === 'operate' || (inbound.kind === 'start' && (inbound.parent ?? inbound.fork) !== undefined);
}

/** A fault on a stale image is not conclusive: the next attempt decides again. */
function forgetUnproved(items: readonly Item[], { strong }: Basis): void {
  if (!strong) for (const item of items) item.refused = undefined;
  if (!strong) for (const item of items) item.hold = undefined;
}

/** A verdict that writes nothing must rest on a strongly consistent read. */
async function isConfirmed(context: EngineContext, pid: string, basis: Basis): Promise<boolean> {
  if (basis.strong) return true;
  const [head] = await context.options.store.load([pid], { consistent: true });
  return basis.live !== undefined && head?.writer === basis.live.run.image.writer;
}

/** An erasure empties a committed head, so it is alone in its commit. */
function isErasure(inbound: Inbound): boolean {
  return inbound.kind === 'operate' && inbound.act === 'erase';
}

/** Of a run that goes on with another version of its process: the copy in memory runs the earlier one. */
function isMove(inbound: Inbound): boolean {
  return inbound.kind === 'operate' && inbound.act === 'move';
}

/** The code of the notice about an instance that goes on without an outcome; a stuck instance has it as its reason. */
const UNRESOLVED = 'UNKNOWN_OUTCOME';

/**
 * The copy of an instance on which a group of events is decided. In: the basis, and the events. Out: one commit, and each event's verdict
 * and dispatches. Trunk: `decide` → `#apply` per event → `commit` → `finish`. After a refusal or a lost write the copy is dropped.
 */
export class WorkingCopy {
  changed = false;
  readonly #context: EngineContext;
  readonly #pid: string;
  readonly #head: Head | undefined;
  /** The committed state that the next commit replaces. */
  readonly #base: BaseHead | undefined;
  readonly #pendingSent: boolean;
  /** Pending sends of earlier commits that may not have been sent: they are sent before the commit that drops them. */
  #sendsBefore: readonly PendingSend[] = [];
  /** Some of `#sendsBefore` could not be sent, so they are still in the image. */
  #sendsLeft = false;
  /** Instants of the ticks of this run that were applied. */
  readonly #ticks = new Set<number>();
  /** Only if a hook gets the steps of processes. */
  #stepsBefore: StepsBefore | undefined;
  #live: LiveInstance | undefined;
  #image: Image | undefined;

  constructor(context: EngineContext, pid: string, basis: Basis) {
    this.#context = context;
    this.#pid = pid;
    this.#live = basis.live;
    this.#pendingSent = basis.pendingSent ?? false;
    this.#head = basis.head;
    this.#base = basis.live ? baseOf(basis.live.run.image) : basis.head;
    this.#image = basis.live?.run.image ?? (basis.head && decodeHead(basis.head));
  }

  /** Decides on every item that is not refused. Returns whether an item was refused meanwhile: then the copy is spoilt. */
  async decide(items: readonly Item[], alone: boolean): Promise<boolean> {
    if (this.#context.instrumentation?.step) this.#stepsBefore = (await import('../on-demand.ts')).stepsBefore(this.#image);
    for (const [i, item] of items.entries()) {
      if (item.refused) continue;
      const verdict = verdictOn(this.#context, this.#pid, this.#image, item);
      item.verdict = verdict instanceof Promise ? await verdict : verdict;
      const unpaused = this.#mayBeHeld(item) ? await this.#hold(item) : undefined;
      if (unpaused) {
        item.refused = unpaused;
        return true;
      }
      if (this.changed && this.#mustCommitBefore(item)) {
        for (const later of items.slice(i)) later.retryInSeconds ??= 0;
        return false;
      }
      if (decidesOn(item)) {
        if (this.#context.instrumentation) item.answers = (await import('../on-demand.ts')).answeredBy(this.#image, item);
        const reason = alone ? await this.#applyWatched(item) : await this.#apply(item);
        const { list } = this.#context.holds;
        if (!reason && list.length > 0 && !item.hold && (await this.#sendsHeld(item))) return true;
        if (!reason) continue;
        item.refused = reason;
        return true;
      }
    }
    return false;
  }

  /**
   * A hold pauses the instance in place of the event, which is then kept beside it (docs/protocol.md#holds). Without a run to pause, the event
   * itself is held. Returns why the instance could not be paused.
   */
  async #hold(item: Item): Promise<StuckReason | undefined> {
    const { holdOn, pauseBy } = await import('../on-demand.ts');
    const image = this.#image;
    const hold = await holdOn(this.#context, image, item);
    item.hold = hold === 'refused' ? undefined : hold;
    if (hold === 'refused') item.verdict = 'dup';
    if (!item.hold) return undefined;
    if (image?.status !== 'running') {
      item.verdict = 'held';
      return undefined;
    }
    const target = { pid: this.#pid, definition: undefined, inbound: pauseBy(item.hold, image, item) };
    const reason = await this.#apply({ ...item, target, verdict: 'apply' });
    if (!reason) item.verdict = await verdictOn(this.#context, this.#pid, this.#image, item);
    return reason;
  }

  /** Only a start that is redelivered may have been refused by a hold that is over. */
  #mayBeHeld({ message, target: { inbound } }: Item): boolean {
    const { list, version } = this.#context.holds;
    return list.length > 0 || (version > 0 && inbound.kind === 'start' && message.receiveCount > 1);
  }

  /** Whether the decision on the event sends a command to a service that is paused: then it is dropped, and the instance is paused. */
  async #sendsHeld(item: Item): Promise<boolean> {
    if (!this.#image) return false;
    const { heldService, passHolds } = await import('../on-demand.ts');
    passHolds(this.#context, this.#image, item);
    item.hold = heldService(this.#context, this.#image, item);
    return item.hold !== undefined;
  }

  /**
   * The run that ends here is committed first, with its pending sends; only then may another run replace it. A key at rest keeps events. A
   * move replays what is committed.
   */
  #mustCommitBefore({ verdict, target: { inbound } }: Item): boolean {
    if (verdict === 'apply' && (isMove(inbound) || isErasure(inbound))) return true;
    return verdict === 'restart' || (this.#image?.status === 'early' && wakesKey(inbound));
  }

  /** Classifies without deciding: an event that applies goes to the hot lane. If it is too long for the lane, it is redelivered. */
  async forward(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      item.verdict = await verdictOn(this.#context, this.#pid, this.#image, item);
      item.forwarded = decidesOn(item);
      if (item.forwarded && !fitsLane(item.message)) item.retryInSeconds ??= retrySeconds(this.#context);
    }
  }

  /**
   * Decides on one event. The order is protocol (docs/protocol.md#steps):
   *
   * A1 `resume` of a start that was poison runs no code: there is no run yet.
   * A2 A start that is too old, or above the limit of its tenant, is refused before it begins a run.
   * A3 A new run replaces a closed one only after the sends of the closed one were accepted: its image drops them.
   * A4 Pending sends of earlier commits are set aside before the event adds its own.
   * A5 Early events are parked before an operation on the buffer, and applied after the start.
   */
  async #apply(item: Item): Promise<StuckReason | undefined> {
    if (this.#resumesStart(item.target.inbound)) return undefined;
    if (item.verdict === 'note') return this.#note(item);
    if (isErasure(item.target.inbound)) return this.#erase(item);
    const { startsPerMinute } = this.#context.options;
    const refusal =
      this.#tooOld(item) ??
      (startsPerMinute === undefined ? undefined : await this.#aboveLimit(item, startsPerMinute)) ??
      (item.verdict === 'restart' ? await this.#unsent() : undefined);
    if (refusal) return refusal;
    const built = this.#liveFor(item);
    const live = built instanceof Promise ? await built : built;
    if (!(live instanceof LiveInstance)) return live;
    const { inbound } = item.target;
    const ready = 'fork' in inbound && inbound.fork ? await this.#ready(live, inbound) : inbound;
    if (live.run.bug) return live.run.bug;
    return 'kind' in ready ? await this.#applyTo(live, item, ready) : ready;
  }

  /** A fork and its original read a journal before they are decided. The code for it is loaded at the first fork. */
  async #ready(live: LiveInstance, inbound: StartInbound | OperationInbound): Promise<Inbound | StuckReason> {
    const { forked, planned } = await import('../on-demand.ts');
    return inbound.kind === 'start' ? forked(this.#context, live, inbound) : planned(this.#context, live, inbound);
  }

  async #applyTo(live: LiveInstance, { message, verdict }: Item, inbound: Inbound): Promise<StuckReason | undefined> {
    this.#setSendsAside(live.run.image);
    // A buffer that was stuck, and that an earlier event of this group resumed, is included.
    const { early } = this.#base ?? {};
    if (early && inbound.kind === 'operate')
      await parkEarly(this.#context, message, { pid: this.#pid, early, detail: 'Its instance was terminated before it had begun.' });
    await decideEvent(live, inbound, verdict);
    const begins = inbound.kind === 'start' || wakesKey(inbound);
    const fault = early && !live.run.bug && begins ? await applyEarly(this.#context, live, early, inbound) : undefined;
    if (fault) return fault;
    const { run } = live;
    this.#image = run.image;
    this.changed = true;
    if (inbound.kind === 'tick') this.#ticks.add(inbound.tickAt);
    if (run.stuck && !run.bug) markStuck(run.image, run.stuck);
    return run.bug;
  }

  /** Only this instance is decided meanwhile, so a rejection that is noted now belongs to this event. */
  async #applyWatched(item: Item): Promise<StuckReason | undefined> {
    const { rejections } = this.#context;
    const before = rejections.count;
    const reason = await this.#apply(item);
    await turnOver();
    if (rejections.count === before) return reason;
    return { code: 'POISON', message: `A promise of the process was rejected, and nothing handles it: ${String(rejections.attribute())}.` };
  }

  /** The instance that an old start has begun may have been retired: the start must not begin it again. */
  #tooOld({ target, verdict }: Item): StuckReason | undefined {
    const { startAgeMaxMs, clock } = this.#context.options;
    const { inbound } = target;
    if (startAgeMaxMs === undefined || inbound.kind !== 'start' || !this.#begins(verdict)) return undefined;
    if (clock.now() - Date.parse(inbound.time) <= startAgeMaxMs) return undefined;
    const days = Math.floor(startAgeMaxMs / 86_400_000);
    return { code: 'START_TOO_OLD', message: `The start is of ${inbound.time}: at most ${days} days may lie between it and now.` };
  }

  #begins(verdict: Item['verdict']): boolean {
    return !this.#image || this.#image.status === 'early' || verdict === 'restart';
  }

  /** Only a start that begins a run counts, so a redelivered start still repeats its sends. */
  async #aboveLimit({ target: { inbound }, verdict }: Item, startsPerMinute: number): Promise<StuckReason | undefined> {
    if (inbound.kind !== 'start' || !this.#begins(verdict)) return undefined;
    return (await import('../on-demand.ts')).startAboveLimit(this.#context.options, startsPerMinute, this.#pid, inbound);
  }

  async #unsent(): Promise<StuckReason | undefined> {
    if (!this.#image || (await sendLeft(this.#context, this.#image))) return undefined;
    return { code: 'UNSENT', message: 'The pending sends of the previous run could not be sent.' };
  }

  /**
   * The start itself was poison, so there is no run: `resume` restores the status that the head had, an early buffer or a terminated
   * buffer, and the parked start is redelivered.
   */
  #resumesStart(inbound: Inbound): boolean {
    const image = this.#image;
    if (inbound.kind !== 'operate' || inbound.act !== 'resume' || image?.run !== '' || !image.stuck) return false;
    image.status = image.stuck.was ?? 'early';
    delete image.stuck;
    this.changed = true;
    return true;
  }

  /** An operation of a bulk job that changes nothing runs no code. */
  async #note({ target }: Item): Promise<undefined> {
    const image = this.#image as Image;
    this.#setSendsAside(image);
    (await import('../on-demand.ts')).noteOperation(image, target.inbound as OperationInbound);
    this.changed = true;
  }

  /** An erasure runs no code. It sends what the head has not sent, and leaves nothing to send. */
  async #erase({ target }: Item): Promise<StuckReason | undefined> {
    const { erase } = await import('../on-demand.ts');
    const refusal = await erase(this.#context, this.#image as Image, target.inbound as OperationInbound);
    this.changed ||= refusal === undefined;
    return refusal;
  }

  #liveFor({ verdict, target }: Item): LiveInstance | Promise<LiveInstance | StuckReason> {
    const { inbound } = target;
    if (this.#live && verdict !== 'restart' && !isMove(inbound)) return this.#live;
    const image = this.#image;
    const begins =
      inbound.kind === 'start' ? !image || image.status === 'early' || verdict === 'restart' : wakesKey(inbound) && !image?.key;
    if (begins && (inbound.kind === 'start' || inbound.kind === 'key')) {
      this.#live = beginRun(this.#context, inbound, {
        pid: this.#pid,
        definition: target.definition as ProcessContract,
        before: image,
      });
      this.#image = this.#live.run.image;
      return this.#live;
    }
    return this.#rebuilt(inbound);
  }

  async #rebuilt(inbound: Inbound): Promise<LiveInstance | StuckReason> {
    const rebuilt = await rebuildInstance(this.#context, this.#pid, this.#image, inbound);
    if (!(rebuilt instanceof LiveInstance)) return rebuilt;
    this.#live = rebuilt;
    this.#image = rebuilt.run.image;
    return rebuilt;
  }

  /** Sets the pending sends of earlier commits aside that this worker has not sent. If the event is refused, none is dropped or sent. */
  #setSendsAside(image: Image): void {
    if (this.changed || image.pendingSends.length === 0) return;
    if (!this.#live?.pendingSent && !this.#pendingSent) this.#sendsBefore = image.pendingSends;
    image.pendingSends = [];
  }

  /** The commit drops the pending sends of earlier commits, so they are sent first. A tick that is applied here was sent. */
  async #sendSetAside(image: Image): Promise<void> {
    const run = this.#base?.run ?? image.run;
    const before = run === image.run ? this.#sendsBefore : sendsOf(run, this.#sendsBefore);
    const unknown = before.filter(({ kind, at }) => kind !== 'tick' || !this.#ticks.has(at));
    if (unknown.length === 0 || (await sendPending(this.#context, { ...image, pendingSends: unknown }))) return;
    image.pendingSends = [...unknown, ...image.pendingSends];
    this.#sendsLeft = true;
  }

  /** An operation that frees a stuck or paused instance sends parked events back, and so does its redelivery, which may repair a crash. */
  #unsticks({ target: { inbound }, verdict }: Item): boolean {
    if (inbound.kind !== 'operate' || inbound.act === 'pause' || inbound.act === 'move') return false;
    if (inbound.act === 'terminate' || inbound.act === 'fork') return this.#base?.paused !== undefined;
    return inbound.act === 'resume' || verdict === 'dup' || this.#base?.status === 'stuck' || this.#base?.paused !== undefined;
  }

  async commit(contended: boolean): Promise<Commit> {
    if (!this.#live) return this.#commitHead();
    if (this.#sendsBefore.length > 0) await this.#sendSetAside(this.#live.run.image);
    markContention(this.#context, this.#live.run.image, contended);
    const commit = await commitImage(this.#context, this.#live, this.#base);
    if (commit.status === 'committed' && this.#context.instrumentation?.commit)
      (await import('../on-demand.ts')).observeCommit(this.#context, this.#live.run.image, this.#base);
    if (commit.status === 'committed' && this.#stepsBefore)
      (await import('../on-demand.ts')).observeSteps(this.#context, this.#live.run.image, this.#stepsBefore);
    if (commit.status === 'committed' && this.#live.run.lines)
      await (await import('../on-demand.ts')).observeLines(this.#context, this.#live.run);
    if (commit.status === 'committed' && commit.head.status === 'stuck') this.#noticeStuck(this.#live.run.image.stuck);
    else if (commit.status === 'committed' && (commit.head.unresolved ?? 0) > (this.#base?.unresolved ?? 0))
      this.#context.options.onNotice?.({ kind: 'unresolved', reason: UNRESOLVED, pid: this.#pid });
    return commit;
  }

  /** Nothing was rebuilt: a start was resumed, an operation was noted, or the instance was erased. */
  async #commitHead(): Promise<Commit> {
    const base = this.#head as Head;
    const image = this.#image as Image;
    if (this.#sendsBefore.length > 0) await this.#sendSetAside(image);
    const [version, writer] = [base.version + 1, this.#context.nextWriter()];
    const isStart = base.run === '' && image.erased === undefined;
    const head = isStart ? resumedStart(base, image, writer) : (await import('../on-demand.ts')).notedHead(image, version, writer);
    const result = await this.#context.options.store.commit(head, expectation(base));
    return result.status === 'committed' ? { status: 'committed', head } : result;
  }

  #noticeStuck(reason: StuckReason | undefined): void {
    const { code = '', message = '' } = reason ?? {};
    this.#context.options.onNotice?.({ kind: 'stuck', reason: code, pid: this.#pid, detail: message });
  }

  /** A command that is sent again needs its whole input, although nothing was rebuilt. */
  async readReferences(): Promise<void> {
    if (!this.#live && this.#image) await resolveReferences(this.#image, this.#context.readPayload);
  }

  /** The image equals the stored head: gives each item the dispatches that it caused, and keeps the instance warm. */
  finish(items: readonly Item[]): void {
    const context = dispatchContext(this.#context);
    // The next batch knows what has changed.
    if (this.#pid === HOLDS_PID) this.#context.holds.readAt = -Infinity;
    for (const item of items) {
      if (item.target.ofKey && !item.refused) item.dispatches = keySends(item, this.#image, context);
      if (item.refused || !this.#image) continue;
      const { key, kind, messageId, forced } = item.target.inbound;
      item.sendsVersion = this.changed && !this.#sendsLeft ? this.#image.version : undefined;
      item.pausedBy = this.#image.paused?.hold;
      item.erasedAt = this.#image.erased;
      item.redrives = this.#image.status !== 'stuck' && !this.#image.paused && this.#unsticks(item);
      const caused = dispatchesCausedBy(this.#image, context, (by) =>
        kind === 'tick' && !forced ? by.messageId === messageId : by.cause === key,
      );
      item.dispatches = item.target.ofKey ? [...item.dispatches, ...caused] : caused;
    }
    if (this.#context.options.tracer && this.#image) this.#trace(this.#context.options.tracer, this.#image, items);
    const live = this.#live;
    // The store adds events to an early buffer, so a key at rest is read again.
    const status = live?.run.image.status ?? 'early';
    if (live && !isClosed(status) && status !== 'stuck' && status !== 'early') this.#context.cache.put(live);
  }

  /** A message whose sends are repeated has its span again: a crash may have come before the first export. */
  #trace(tracer: Tracer, image: Image, items: readonly Item[]): void {
    for (const item of items)
      if (!item.refused && (decidesOn(item) || item.dispatches.length > 0)) tracer.decided(image, item.target.inbound, item.message);
    if (this.changed && (isClosed(image.status) || image.status === 'stuck' || image.past)) tracer.ended(image);
  }

  /** A parent sends its command again if the reply of its child may be lost: a child that has answered says it again. */
  async answerAgain(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      const { inbound } = item.target;
      if (inbound.kind === 'operate' && inbound.answers && !item.refused) await this.#answerOperation(item, inbound, inbound.answers);
      if (inbound.kind !== 'start' || !this.#image || (item.verdict !== 'dup' && item.verdict !== 'closed')) continue;
      const { key } = inbound;
      const command = inbound.parent ?? inbound.fork;
      // The start itself has caused the reply: its dispatches have it.
      const hasReply = this.#image.pendingSends.some(({ cause, answers }) => cause === key && answers?.commandId === command?.commandId);
      if (!command || hasReply) continue;
      const { answeredBefore, forkedBefore } = await import('../on-demand.ts');
      const again = inbound.fork
        ? await forkedBefore(this.#context, this.#image, inbound, item.verdict === 'dup')
        : await answeredBefore(this.#context, this.#image, inbound);
      // A child that has ended, or a fork that has begun, may still have to send its first commands.
      if (again) item.dispatches = [...item.dispatches, replyDispatch(this.#image, command, again, dispatchContext(this.#context))];
    }
  }

  /** A bulk job gets a reply from an instance that does not apply its operation, or has applied it before. */
  async #answerOperation(item: Item, operation: OperationInbound, answers: Answered): Promise<void> {
    const { operationReply } = await import('../on-demand.ts');
    const reply = operationReply(this.#pid, operation, item.verdict, this.#image);
    if (!reply) return;
    const from = this.#image ?? newImage(this.#pid, '', '', 0);
    item.dispatches = [...item.dispatches, replyDispatch(from, answers, reply, dispatchContext(this.#context))];
  }
}

function resumedStart(base: Head, { status }: Image, writer: string): Head {
  const { why: _why, ...rest } = base;
  return { ...rest, status, version: base.version + 1, writer, early: base.early ?? [] };
}

/** Whether a message begins the run of a key, or continues a key at rest. */
function wakesKey(inbound: Inbound): boolean {
  return inbound.kind === 'key' && inbound.act === 'subscribe';
}

/** The event is applied, and the instance is stuck with it: later events are parked. Only `resume` wakes it, and arms its timers again. */
function markStuck(image: Image, reason: StuckReason): void {
  image.stuck = { ...reason, message: shortText(reason.message), was: image.status };
  image.status = 'stuck';
  delete image.due;
}

function baseOf(image: Image): BaseHead {
  const { version, run, status, tail, tailFrom, paused } = image;
  return { version, run, status, tail, tailFrom, unresolved: unresolvedCount(image), ...(paused && { paused: JSON.stringify(paused) }) };
}
