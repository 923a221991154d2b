import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { isClosed, type PendingSend, type Image, type StuckReason } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import { unresolvedCount } from '../../core/unresolved.ts';
import type { Head } from '../../ports/process-store.ts';
import { beginRun } from './begin-run.ts';
import { commitImage } from './commit-image.ts';
import { decideEvent } from './decide.ts';
import { dispatchContext, dispatchesCausedBy } from '../send/dispatch.ts';
import { applyEarly, parkEarly } from './early-events.ts';
import type { EngineContext } from '../engine-context.ts';
import { decodeHead, resolveReferences } from '../../format/head-codec.ts';
import { markContention } from '../send/contention.ts';
import { fitsLane } from '../../format/inbox-message.ts';
import { decidesOn, type Item } from './item.ts';
import { LiveInstance } from './live-instance.ts';
import { retrySeconds } from '../acknowledge/redelivery-delays.ts';
import { rebuildInstance } from './rebuild-instance.ts';
import { turnOver } from './rejection-watch.ts';
import { sendPending, sendLeft } from '../send/send-pending.ts';
import { shortText } from '../acknowledge/short-text.ts';
import { verdictOn } from './verdict.ts';

/** What is known of an instance while its events are decided. `strong`: read consistently, or just committed. */
export interface Basis {
  readonly head: Head | undefined;
  readonly live: LiveInstance | undefined;
  readonly strong: boolean;
  /** What the head fired has been sent by this environment, with what others of the batch fired. */
  readonly firesSent?: boolean;
}

/** Why an instance that went on is noticed: the code under which it would be stuck. */
const UNRESOLVED = 'UNKNOWN_OUTCOME';

/** The throw-away copy on which a group of events is decided. */
export class WorkingCopy {
  changed = false;
  readonly #context: EngineContext;
  readonly #pid: string;
  readonly #base: Head | undefined;
  readonly #firesSent: boolean;
  /** What earlier commits fired, of which nothing is known: sent before the commit that drops it. */
  #firedBefore: readonly PendingSend[] = [];
  /** It could not be sent, so it is still in the image. */
  #firesLeft = false;
  /** Of this run, and applied. */
  readonly #ticks = new Set<number>();
  #live: LiveInstance | undefined;
  #image: Image | undefined;

  constructor(context: EngineContext, pid: string, basis: Basis) {
    this.#context = context;
    this.#pid = pid;
    this.#live = basis.live;
    this.#firesSent = basis.firesSent ?? false;
    this.#base = basis.live ? headOf(basis.live.run.image) : basis.head;
    this.#image = basis.live?.run.image ?? (basis.head && decodeHead(basis.head));
  }

  /** Decides on every item that is not refused. Returns whether one was refused on the way: then the copy is spoilt. */
  async decide(items: readonly Item[], alone: boolean): Promise<boolean> {
    for (const [i, item] of items.entries()) {
      if (item.refused) continue;
      item.verdict = await verdictOn(this.#context, this.#pid, this.#image, item);
      if (item.verdict === 'restart' && this.changed) {
        // The run that ends here is committed first, with all that it fired; only then may another take its place.
        for (const later of items.slice(i)) later.giveBackSeconds ??= 0;
        return false;
      }
      if (decidesOn(item)) {
        const reason = alone ? await this.#applyWatched(item) : await this.#apply(item);
        if (!reason) continue;
        item.refused = reason;
        return true;
      }
    }
    return false;
  }

  /** Decides on nothing: tells which events apply. One that is too long for the lane comes again. */
  async forward(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      item.verdict = await verdictOn(this.#context, this.#pid, this.#image, item);
      item.forwarded = decidesOn(item);
      if (item.forwarded && !fitsLane(item.message)) item.giveBackSeconds ??= retrySeconds(this.#context);
    }
  }

  async #apply(item: Item): Promise<StuckReason | undefined> {
    const { inbound } = item.target;
    if (this.#resumesStart(inbound)) return undefined;
    const old = this.#tooOld(item);
    if (old) return old;
    if (item.verdict === 'restart' && this.#image && !(await sendLeft(this.#context, this.#image)))
      return { code: 'UNSENT', message: 'What the run before fired could not be sent.' };
    const live = await this.#liveFor(item);
    if (!(live instanceof LiveInstance)) return live;
    if (live.run.bug) return live.run.bug;
    this.#takeFires(live);
    // Also of a buffer that was stuck, and resumed just before.
    const { early } = this.#base ?? {};
    if (early && inbound.kind === 'operate')
      await parkEarly(this.#context, item.message, this.#pid, early, 'Its instance was terminated before it had begun.');
    await decideEvent(live, inbound, item.verdict === 'reject');
    const fault = early && !live.run.bug && inbound.kind === 'start' ? await applyEarly(this.#context, live, early, inbound) : undefined;
    if (fault) return fault;
    this.changed = true;
    if (inbound.kind === 'tick') this.#ticks.add(inbound.tickAt);
    if (live.run.stuck && !live.run.bug) markStuck(live.run.image, live.run.stuck);
    return live.run.bug;
  }

  /** Nobody else decides meanwhile, so a rejection that is noted now is of this event. */
  async #applyWatched(item: Item): Promise<StuckReason | undefined> {
    const { rejections } = this.#context;
    const before = rejections.count;
    const reason = await this.#apply(item);
    await turnOver();
    if (rejections.count === before) return reason;
    return { code: 'POISON', message: `A promise of the process was rejected, and nobody handles it: ${String(rejections.attribute())}.` };
  }

  /** What it had started may have been retired since: it must not begin anew. */
  #tooOld({ target, verdict }: Item): StuckReason | undefined {
    const { startAgeMaxMs, clock } = this.#context.options;
    const { inbound } = target;
    if (startAgeMaxMs === undefined || inbound.kind !== 'start') return undefined;
    if (this.#image && this.#image.status !== 'early' && verdict !== 'restart') return undefined;
    if (clock.now() - Date.parse(inbound.time) <= startAgeMaxMs) return undefined;
    const days = Math.floor(startAgeMaxMs / 86_400_000);
    return { code: 'START_TOO_OLD', message: `The start is of ${inbound.time}: at most ${days} days may lie between it and now.` };
  }

  /**
   * The start itself was poison, so there is no run: `resume` only makes the head again what it was, an early buffer or one that was
   * terminated as such, and the start comes back by itself.
   */
  #resumesStart(inbound: Inbound): boolean {
    const image = this.#image;
    if (inbound.kind !== 'operate' || inbound.act !== 'resume' || image?.run !== '' || !image.stuck) return false;
    image.status = image.stuck.was ?? 'early';
    delete image.stuck;
    this.changed = true;
    return true;
  }

  async #liveFor({ verdict, target }: Item): Promise<LiveInstance | StuckReason> {
    if (this.#live && verdict !== 'restart') return this.#live;
    const { inbound } = target;
    const image = this.#image;
    if (inbound.kind === 'start' && (!image || image.status === 'early' || verdict === 'restart')) {
      this.#live = beginRun(this.#context, target.definition as ProcessContract, this.#pid, inbound, image);
    } else {
      const rebuilt = await rebuildInstance(this.#context, this.#pid, image, inbound);
      if (!(rebuilt instanceof LiveInstance)) return rebuilt;
      this.#live = rebuilt;
    }
    this.#image = this.#live.run.image;
    return this.#live;
  }

  /** What an earlier commit fired and this environment has not sent itself is set aside: where the event is refused, nothing is dropped, and nothing sent. */
  #takeFires(live: LiveInstance): void {
    const { image } = live.run;
    if (this.changed || image.pendingSends.length === 0) return;
    if (!live.firesSent && !this.#firesSent) this.#firedBefore = image.pendingSends;
    image.pendingSends = [];
  }

  /** A tick that is applied here was sent. */
  async #sendFiredBefore(image: Image): Promise<void> {
    const fired = this.#firedBefore.filter(({ kind, at }) => kind !== 'tick' || !this.#ticks.has(at));
    if (fired.length === 0 || (await sendPending(this.#context, { ...image, pendingSends: fired }))) return;
    image.pendingSends = [...fired, ...image.pendingSends];
    this.#firesLeft = true;
  }

  /** After an act that lets a stuck instance go on, what is parked beside it goes back. Also after its redelivery, which may repair a crash. */
  #unsticks({ target: { inbound }, verdict }: Item): boolean {
    if (inbound.kind !== 'operate' || inbound.act === 'terminate') return false;
    return inbound.act === 'resume' || verdict === 'dup' || this.#base?.status === 'stuck';
  }

  async commit(contended: boolean): ReturnType<typeof commitImage> {
    if (this.#live) {
      await this.#sendFiredBefore(this.#live.run.image);
      markContention(this.#context, this.#live.run.image, contended);
      const commit = await commitImage(this.#context, this.#live, this.#base);
      if (commit.status === 'committed' && commit.head.status === 'stuck') this.#noticeStuck(this.#live.run.image.stuck);
      else if (commit.status === 'committed' && (commit.head.unresolved ?? 0) > (this.#base?.unresolved ?? 0))
        this.#context.options.onNotice?.({ kind: 'unresolved', reason: UNRESOLVED, pid: this.#pid });
      return commit;
    }
    const { store } = this.#context.options;
    const base = this.#base as Head;
    const { why: _why, ...rest } = base;
    const { status } = this.#image as Image;
    const head: Head = { ...rest, status, version: base.version + 1, writer: this.#context.nextWriter(), early: base.early ?? [] };
    const result = await store.commit(head, { kind: 'stuck', version: base.version });
    return result.status === 'committed' ? { status: 'committed', head } : result;
  }

  #noticeStuck(reason: StuckReason | undefined): void {
    const { code = '', message = '' } = reason ?? {};
    this.#context.options.onNotice?.({ kind: 'stuck', reason: code, pid: this.#pid, detail: message });
  }

  /** What is sent again must be whole, also where nothing was rebuilt. */
  async readReferences(): Promise<void> {
    if (!this.#live && this.#image) await resolveReferences(this.#image, this.#context.readPayload);
  }

  /** The image is known to be what the store holds: each item learns what it must send, and the instance is kept warm. */
  finish(items: readonly Item[]): void {
    const context = dispatchContext(this.#context);
    for (const item of items) {
      if (item.refused || !this.#image) continue;
      const { key, kind, messageId, forced } = item.target.inbound;
      item.fires = this.changed && !this.#firesLeft ? this.#image.version : undefined;
      item.redrives = this.#image.status !== 'stuck' && this.#unsticks(item);
      item.dispatches = dispatchesCausedBy(this.#image, context, (by) =>
        kind === 'tick' && !forced ? by.messageId === messageId : by.cause === key,
      );
    }
    const live = this.#live;
    if (live && !isClosed(live.run.image.status) && live.run.image.status !== 'stuck') this.#context.cache.put(live);
  }
}

/** The event is applied, and with it the instance needs a person: what follows is parked. Nothing wakes it but `resume`, which arms its timers again. */
function markStuck(image: Image, reason: StuckReason): void {
  image.stuck = { ...reason, message: shortText(reason.message), was: image.status };
  image.status = 'stuck';
  delete image.due;
}

/** What a warm instance was committed as, as far as a commit's condition and a spill need it. */
function headOf(image: Image): Head {
  return {
    pid: image.pid,
    version: image.version,
    run: image.run,
    status: image.status,
    writer: image.writer,
    tail: image.tail,
    tailFrom: image.tailFrom,
    unresolved: unresolvedCount(image),
  } as unknown as Head;
}
