import type { StuckReason, Image } from '../core/image.ts';
import { isClosed, newImage } from '../core/image.ts';
import type { Inbound } from '../core/inbound.ts';
import { runOf } from '../core/inbound.ts';
import { offload } from '../core/journal.ts';
import { classify, type Verdict } from '../core/classify.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Environment } from '../core/run.ts';
import { parsePid } from '../contract/process-id.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { versionOf } from '../contract/versions.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import type { Head } from '../ports/process-store.ts';
import { admit, DATA_ALTERED, type Target } from './admit.ts';
import { definitionName } from './catalogue.ts';
import { commitImage } from './commit-image.ts';
import { decideEvent } from './decide.ts';
import { dispatchesCausedBy, type Dispatch, type DispatchContext } from './dispatch.ts';
import type { EngineContext } from './engine-context.ts';
import { isHot, markHeat } from './heat.ts';
import { fitsLane } from './inbox-message.ts';
import { decodeHead, resolveReferences } from './head-codec.ts';
import { LiveInstance, mergeJournal, readEntries } from './live-instance.ts';
import { parkMessage } from './park.ts';
import { DEPLOY_SECONDS, jitter, PATIENCE_MS, retrySeconds } from './pause.ts';
import { ALTERED, MISSING, readBody } from './read-body.ts';
import { turnOver } from './rejection-watch.ts';
import { sendAll } from './send-all.ts';
import { shortText } from './short-text.ts';

/** One event for one instance, under way. */
export interface Item {
  readonly message: ReceivedMessage;
  readonly target: Target;
  verdict: Verdict | undefined;
  /** Why it cannot be applied; it is left out, so that the others of its group can be. */
  refused: StuckReason | undefined;
  /** What must be sent before it may be acknowledged. */
  dispatches: Dispatch[];
  /** The version whose fires are all among what this group sends; undefined where older ones may be left. */
  fires: number | undefined;
  /** The hot lane decides on it. */
  forwarded: boolean;
  /** A `resume` that has been applied: what is parked beside the instance goes back to the inbox. */
  redrives: boolean;
  /** Not done: it comes again after this many seconds. */
  giveBackSeconds: number | undefined;
}

export const newItem = (message: ReceivedMessage, target: Target): Item => ({
  message,
  target,
  verdict: undefined,
  refused: undefined,
  dispatches: [],
  fires: undefined,
  forwarded: false,
  redrives: false,
  giveBackSeconds: undefined,
});

const ROUNDS_MAX = 3;
/** What the lane gives back holds up all that is behind it, so there it is tried longer. */
const LANE_ROUNDS_MAX = 8;

/** What is known of an instance while its events are decided. `strong`: read consistently, or just committed. */
interface Basis {
  readonly head: Head | undefined;
  readonly live: LiveInstance | undefined;
  readonly strong: boolean;
  /** What the head fired has been sent by this environment, with what others of the batch fired. */
  readonly firesSent?: boolean;
}

/**
 * Advances one instance by a group of events: classifies each, decides on those that apply,
 * and commits once. Nothing is sent here; each item is left with what must be sent before it is acknowledged. `suspect`:
 * meanwhile a rejection was noted, which may be its own; nothing was committed, and it is to be advanced again `alone`.
 */
export const advanceInstance = async (
  context: EngineContext,
  pid: string,
  items: readonly Item[],
  basis: Basis,
  alone = false,
): Promise<'done' | 'suspect'> => {
  const { rejections } = context;
  const roundsMax = context.lane ? LANE_ROUNDS_MAX : ROUNDS_MAX;
  let current = basis;
  let conflicts = 0;
  for (let round = 0; round < roundsMax;) {
    if (isHot(context, current.live?.run.image ?? current.head) && items.every(({ message }) => fitsLane(message)))
      return forwardInstance(context, pid, items, current);
    const working = new Working(context, pid, current);
    const before = rejections.count;
    const refusal = await working.decide(items, alone);
    if (!alone && rejections.count > before) return 'suspect';
    if (refusal) {
      // What was not read may be otherwise: a fault that was met on it proves nothing.
      if (!current.strong) for (const item of items) item.refused = undefined;
      current = await reload(context, pid);
      continue;
    }
    if (!working.changed) {
      if (await confirmed(context, pid, current)) {
        await working.readReferences();
        working.finish(items);
        return 'done';
      }
      current = await reload(context, pid);
      continue;
    }
    const contended = conflicts > 0 || (context.lane && items.filter(decidesOn).length > 1);
    const commit = await working.commit(contended);
    if (commit.status === 'committed') {
      working.finish(items);
      return 'done';
    }
    if (commit.status === 'too-large') {
      // The others of the group may have something to send again, so they are looked at without these.
      if (current.strong) for (const item of items) if (decidesOn(item)) item.refused ??= commit.reason;
      current = await reload(context, pid);
      continue;
    }
    // A start that was decided without a read has met its instance: no race, so no pause.
    const unread = !current.strong && !current.live;
    round += 1;
    current = { head: commit.current, live: undefined, strong: true };
    if (unread) continue;
    conflicts += 1;
    if (round === roundsMax || isHot(context, commit.current)) continue;
    await jitter(context);
    // Others have written meanwhile: a read costs less than one more try that fails, and tells whether the instance is hot.
    if (context.forwards) current = await reload(context, pid);
  }
  if (context.forwards) return forwardInstance(context, pid, items, current);
  for (const item of items) item.giveBackSeconds = retrySeconds(context);
  return 'done';
};

/**
 * Leaves the events that apply to the hot lane. All others are done as ever, on a strongly read image: a duplicate still sends again what
 * it caused.
 */
const forwardInstance = async (context: EngineContext, pid: string, items: readonly Item[], basis: Basis): Promise<'done'> => {
  const open = items.filter((item) => !item.refused);
  const working = new Working(context, pid, basis);
  await working.forward(open);
  if (!basis.strong && open.some((item) => !item.forwarded)) {
    for (const item of open) item.refused = undefined;
    return forwardInstance(context, pid, items, await reload(context, pid));
  }
  const here = items.filter((item) => !item.forwarded);
  if (here.length > 0) await working.readReferences();
  working.finish(here);
  return 'done';
};

const decidesOn = ({ verdict }: Item): boolean => verdict === 'apply' || verdict === 'reject' || verdict === 'restart';

const reload = async (context: EngineContext, pid: string): Promise<Basis> => {
  const [head] = await context.options.store.load([pid], { consistent: true });
  return { head, live: undefined, strong: true };
};

/** A verdict that writes nothing must rest on a strongly consistent read. */
const confirmed = async (context: EngineContext, pid: string, basis: Basis): Promise<boolean> => {
  if (basis.strong) return true;
  const [head] = await context.options.store.load([pid], { consistent: true });
  return basis.live !== undefined && head?.writer === basis.live.run.image.writer;
};

/** The throw-away copy on which a group of events is decided. */
class Working {
  changed = false;
  readonly #context: EngineContext;
  readonly #pid: string;
  readonly #base: Head | undefined;
  readonly #firesSent: boolean;
  /** What was fired before could not be sent, so it is still in the image. */
  #firesLeft = false;
  #live: LiveInstance | undefined;
  #image: Image | undefined;

  constructor(context: EngineContext, pid: string, basis: Basis) {
    this.#context = context;
    this.#pid = pid;
    this.#live = basis.live;
    this.#firesSent = basis.firesSent ?? false;
    this.#base = basis.live ? headOf(basis.live.run.image) : basis.head;
    this.#image = basis.live?.run.image ?? (basis.head && imageOf(basis.head));
  }

  /** Decides on every item that is not refused. Returns whether one was refused on the way: then the copy is spoilt. */
  async decide(items: readonly Item[], alone: boolean): Promise<boolean> {
    for (const [i, item] of items.entries()) {
      if (item.refused) continue;
      item.verdict = await this.#verdict(item);
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
      item.verdict = await this.#verdict(item);
      item.forwarded = decidesOn(item);
      if (item.forwarded && !fitsLane(item.message)) item.giveBackSeconds ??= retrySeconds(this.#context);
    }
  }

  async #verdict(item: Item): Promise<Verdict> {
    const { inbound, reply, definition } = item.target;
    const image = this.#image;
    if (reply && image && forged(this.#context, image, inbound, reply)) {
      item.refused = {
        code: 'FORBIDDEN',
        message: `${item.target.reply?.source} answered command ${inbound.key} of ${this.#pid}, which is not its own, or not what was asked.`,
      };
      return 'park';
    }
    if (reply && image && isNewer(this.#context, image, inbound)) return this.#waitForDeploy(item);
    const verdict = classify(image, inbound, definition ?? NOBODY);
    if (verdict !== 'verify') return verdict;
    return (await this.#journalHolds(inbound)) ? 'dup' : 'apply';
  }

  /** The service knows a newer version of the contract than this code: a deploy is rolling, or was forgotten. */
  #waitForDeploy(item: Item): Verdict {
    if (this.#context.options.clock.now() - item.message.sentAt < PATIENCE_MS) {
      item.giveBackSeconds = DEPLOY_SECONDS;
      return 'wait';
    }
    const message = `The answer ${item.target.inbound.key} to ${this.#pid} is of a newer version than the contract of this orchestrator.`;
    item.refused = { code: 'NEWER', message };
    return 'park';
  }

  /** Older than the ring of ids: the journal knows every event. */
  async #journalHolds(inbound: Inbound): Promise<boolean> {
    const image = this.#image;
    if (!image || (inbound.kind !== 'signal' && inbound.kind !== 'start')) return false;
    const chunks = await this.#context.options.store.chunks(this.#pid, image.run);
    const wanted = `"id":${JSON.stringify(inbound.id)}`;
    return mergeJournal(chunks, image.tail, image.tailFrom).some(
      (entry) => entry.includes(wanted) && tellsOf(JSON.parse(entry) as JournalEntry, inbound),
    );
  }

  async #apply(item: Item): Promise<StuckReason | undefined> {
    const { inbound } = item.target;
    if (this.#resumesStart(inbound)) return undefined;
    const old = this.#tooOld(inbound);
    if (old) return old;
    if (item.verdict === 'restart' && !(await this.#sendLeft()))
      return { code: 'UNSENT', message: 'What the run before fired could not be sent.' };
    const live = await this.#liveFor(item);
    if (!(live instanceof LiveInstance)) return live;
    if (live.run.bug) return live.run.bug;
    await this.#flush(live);
    await decideEvent(live, inbound, item.verdict === 'reject');
    const early = !live.run.bug && inbound.kind === 'start' ? await this.#applyEarly(live, inbound.messageId, inbound.key) : undefined;
    if (early) return early;
    this.changed = true;
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
  #tooOld(inbound: Inbound): StuckReason | undefined {
    const { startAgeMaxMs, clock } = this.#context.options;
    if (startAgeMaxMs === undefined || inbound.kind !== 'start' || (this.#image && this.#image.status !== 'early')) return undefined;
    if (clock.now() - Date.parse(inbound.time) <= startAgeMaxMs) return undefined;
    const days = Math.floor(startAgeMaxMs / 86_400_000);
    return { code: 'START_TOO_OLD', message: `The start is of ${inbound.time}: at most ${days} days may lie between it and now.` };
  }

  /** The start itself was poison: `resume` only makes it an early buffer again, and the start comes back by itself. */
  #resumesStart(inbound: Inbound): boolean {
    const image = this.#image;
    if (inbound.kind !== 'operate' || inbound.act !== 'resume' || image?.stuck?.was !== 'early') return false;
    image.status = 'early';
    delete image.stuck;
    this.changed = true;
    return true;
  }

  /** A new run drops what the closed one fired and only sent: it is sent first, since nothing is known of whether it was. */
  async #sendLeft(): Promise<boolean> {
    if (!this.#image) return true;
    await resolveReferences(this.#image, this.#context.readPayload);
    const left = dispatchesCausedBy(this.#image, dispatchContext(this.#context), () => true);
    const results = await sendAll(left, this.#context.options.sender, this.#context.options.publisher);
    return results.every((result) => result === 'sent');
  }

  async #liveFor(item: Item): Promise<LiveInstance | StuckReason> {
    if (this.#live && item.verdict !== 'restart') return this.#live;
    const { inbound } = item.target;
    const { environment, options } = this.#context;
    const image = this.#image;
    if (inbound.kind === 'start' && (!image || image.status === 'early' || item.verdict === 'restart')) {
      const definition = item.target.definition as ProcessContract;
      this.#live = new LiveInstance(
        definition,
        environment,
        options.frontEndOf,
        begun(this.#pid, runOf(inbound.id), definitionName(definition), inbound.at, image),
      );
      if (item.verdict === 'restart') keepInputs(this.#live);
    } else {
      const wanted = wantedDefinition(image, inbound);
      const { catalogue } = this.#context;
      // Whatever version it is of, also one that is not listed any more: to be ended it needs no code of its own.
      const definition =
        catalogue.definition(wanted) ?? (isTerminate(inbound) ? catalogue.newest(parsePid(this.#pid)?.process ?? '') : undefined);
      if (!definition || !image)
        return { code: 'UNKNOWN_VERSION', message: `${this.#pid} is to go on with ${wanted}, which this system does not list.` };
      this.#live = await rebuild(this.#context, definition, environment, image, !isTerminate(inbound));
      image.definition = wanted;
    }
    this.#image = this.#live.run.image;
    return this.#live;
  }

  /** What an earlier commit fired and this environment has not sent itself is sent now, since this commit drops it. */
  async #flush(live: LiveInstance): Promise<void> {
    const { image } = live.run;
    if (this.changed || image.fires.length === 0) return;
    if (!live.firesSent && !this.#firesSent) {
      const unsent = dispatchesCausedBy({ ...image, commands: new Map() }, dispatchContext(this.#context), () => true);
      const results = await sendAll(unsent, this.#context.options.sender, this.#context.options.publisher);
      if (results.some((result) => result !== 'sent')) {
        this.#firesLeft = true;
        return;
      }
    }
    image.fires = [];
  }

  /** What came before the start is read after it; the start's message carries what it leads to. */
  async #applyEarly(live: LiveInstance, messageId: string, cause: string): Promise<StuckReason | undefined> {
    // Also of a buffer that was stuck, and resumed just before.
    const { early } = this.#base ?? {};
    if (!early) return undefined;
    for (const body of early) {
      const at = live.run.image.clock;
      const message = { messageId, receiptHandle: '', body, sentAt: at, receiveCount: 1 };
      const read = await readBody(this.#context, body);
      if (read === MISSING) return { code: 'PAYLOAD_MISSING', message: 'The data of an event that came before the start is not there.' };
      const admission = read === ALTERED ? DATA_ALTERED : admit(this.#context, message, read, at);
      if (admission.status !== 'deliver') {
        await this.#parkEarly(message, at, admission.status === 'park' ? admission : { reason: 'NEWER', detail: admission.detail });
        continue;
      }
      for (const target of admission.targets) {
        if (target.pid !== this.#pid || classify(live.run.image, target.inbound, live.run.definition) !== 'apply') continue;
        await decideEvent(live, { ...target.inbound, key: cause }, false);
        if (live.run.bug) return live.run.bug;
      }
    }
    return undefined;
  }

  /** It was understood when it came, and is not any more: a deploy lies in between. Put before the head that drops it. */
  #parkEarly(message: ReceivedMessage, at: number, why: { readonly reason: string; readonly detail: string }): Promise<void> {
    const named = { ...message, messageId: `${message.messageId}-${this.#context.environment.hash(message.body).slice(0, 8)}`, sentAt: at };
    return parkMessage(this.#context.options, named, { pid: this.#pid, reason: why.reason, detail: why.detail });
  }

  async commit(contended: boolean): ReturnType<typeof commitImage> {
    if (this.#live) {
      markHeat(this.#context, this.#live.run.image, contended);
      const commit = await commitImage(this.#context, this.#live, this.#base);
      if (commit.status === 'committed' && commit.head.status === 'stuck') this.#noticeStuck(this.#live.run.image.stuck);
      return commit;
    }
    const { store } = this.#context.options;
    const base = this.#base as Head;
    const { why: _why, ...rest } = base;
    const head: Head = { ...rest, status: 'early', version: base.version + 1, writer: this.#context.nextWriter(), early: base.early ?? [] };
    const result = await store.commit(head, { kind: 'stuck', version: base.version });
    return result.status === 'committed' ? { status: 'committed', head } : result;
  }

  #noticeStuck(reason: StuckReason | undefined): void {
    this.#context.options.onNotice?.({ kind: 'stuck', reason: reason?.code ?? '', pid: this.#pid });
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
      item.redrives = isResume(item.target.inbound) && this.#image.status !== 'stuck';
      item.dispatches = dispatchesCausedBy(this.#image, context, (by) =>
        kind === 'tick' && !forced ? by.messageId === messageId : by.cause === key,
      );
    }
    const live = this.#live;
    if (live && !isClosed(live.run.image.status) && live.run.image.status !== 'stuck') this.#context.cache.put(live);
  }
}

/** The event is applied, and with it the instance needs a person: what follows is parked. Nothing wakes it but `resume`, which arms its timers again. */
const markStuck = (image: Image, reason: StuckReason): void => {
  image.stuck = { ...reason, message: shortText(reason.message), was: image.status };
  image.status = 'stuck';
  delete image.due;
};

/** A run stays on its definition, unless a person resumes it with another version of it. */
const wantedDefinition = (image: Image | undefined, inbound: Inbound): string => {
  const { definition = '' } = image ?? {};
  if (inbound.kind !== 'operate' || inbound.version === undefined) return definition;
  return `${definition.slice(0, definition.lastIndexOf('@'))}@${inbound.version}`;
};

/** What is only ended needs no replay, and must not: its journal may be what it is stuck on. */
const isTerminate = (inbound: Inbound): boolean => inbound.kind === 'operate' && inbound.act === 'terminate';

const isResume = (inbound: Inbound): boolean => inbound.kind === 'operate' && inbound.act === 'resume';

export const NOBODY = { onOpen: 'reject', onClosed: 'reject' } as ProcessContract;

const tellsOf = (entry: JournalEntry, { id, event }: { readonly id: string; readonly event: string }): boolean =>
  (entry.type === 'EventReceived' || entry.type === 'ProcessStarted') && entry.id === id && entry.event === event;

/** The image of a new run: a restart keeps what must outlive the run before. */
const begun = (pid: string, run: string, definition: string, at: number, before: Image | undefined): Image => {
  const image = newImage(pid, run, definition, at);
  if (!before || before.status === 'early') return image;
  const { signals, signalsFloor, starts, tombstones, clock } = before;
  return {
    ...image,
    clock: Math.max(at, clock),
    signals: [...signals],
    starts: [...starts],
    tombstones: [...tombstones],
    ...(signalsFloor !== undefined && { signalsFloor }),
  };
};

/** What was put for the run before may be on its way out with it: what this one goes on with is put again. */
const keepInputs = ({ run }: LiveInstance): void => {
  for (const { input, inputRef } of run.image.tombstones) if (inputRef !== undefined) offload(run, input);
};

const rebuild = async (
  context: EngineContext,
  definition: ProcessContract,
  environment: Environment,
  image: Image,
  replays: boolean,
): Promise<LiveInstance> => {
  const { store, frontEndOf } = context.options;
  await resolveReferences(image, context.readPayload);
  if (!replays || definition.kind === 'decider' || isClosed(image.status))
    return LiveInstance.decoded(definition, environment, frontEndOf, image);
  const chunks = image.tailFrom > 0 ? await store.chunks(image.pid, image.run) : [];
  const journal = await readEntries(mergeJournal(chunks, image.tail, image.tailFrom), (hash) => context.readPayload(image.pid, hash));
  return LiveInstance.replayed(definition, environment, frontEndOf, image, journal);
};

/** A head's control state; of an early buffer only its status and its time. */
const imageOf = (head: Head): Image => decodeHead(head);

/** What a warm instance was committed as, as far as a commit's condition and a spill need it. */
const headOf = (image: Image): Head =>
  ({
    pid: image.pid,
    version: image.version,
    run: image.run,
    status: image.status,
    writer: image.writer,
    tail: image.tail,
    tailFrom: image.tailFrom,
  }) as unknown as Head;

/** An answer counts only from the service that owns the command, and only to what was asked (I12). */
const forged = (context: EngineContext, image: Image, inbound: Inbound, reply: NonNullable<Target['reply']>): boolean => {
  if (inbound.kind !== 'reply') return false;
  const buried = image.tombstones.find((tombstone) => tombstone.run === inbound.run && tombstone.n === inbound.n);
  if (buried) return reply.source !== context.environment.commands.get(buried.command)?.service;
  const command = inbound.run === image.run ? image.commands.get(inbound.n) : undefined;
  if (!command) return false;
  return reply.source !== context.environment.commands.get(command.command)?.service || reply.commandhash !== command.hash;
};

/** Whether an answer is of a version of its output that this code does not know yet. */
const isNewer = (context: EngineContext, image: Image, inbound: Inbound): boolean => {
  if (inbound.kind !== 'reply' || inbound.outcome !== 'completed') return false;
  const buried = image.tombstones.find((tombstone) => tombstone.run === inbound.run && tombstone.n === inbound.n);
  const command = buried ?? (inbound.run === image.run ? image.commands.get(inbound.n) : undefined);
  const contract = command && context.environment.commands.get(command.command);
  return contract !== undefined && (inbound.dataversion ?? 1) > versionOf(contract.output);
};

export const dispatchContext = (context: EngineContext): DispatchContext => ({
  system: context.catalogue.system,
  hash: context.environment.hash,
  canonical: context.environment.canonical,
  reference: (pid, hash) => context.options.payloads.reference(pid, hash),
  now: context.options.clock.now(),
});
