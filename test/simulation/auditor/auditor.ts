import type { CommandEnvelope, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { DEFAULT_TENANT, parseCommandId, parsePid } from '../../../lib/contract/wire/process-id.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import type { System } from '../../../lib/contract/system.ts';
import { isClosed, type Image, type PastTail } from '../../../lib/core/image.ts';
import { isKey } from '../../../lib/contract/keys.ts';
import { decodeHead } from '../../../lib/format/head-codec.ts';
import { ENGINE_QUEUES } from '../world/cloud.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Decided } from '../../../lib/core/journal-entry.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import { isInvalidAnswer } from '../world/invalid-answer.ts';
import type { HandlerRun, Observer } from '../world/observer.ts';
import type { Effect } from '../scenarios/scenario.ts';
import { checkDeleted } from './acknowledgement.ts';
import { checkArmed } from './armed.ts';
import { checkCarriers } from './carriers.ts';
import { Contracts } from './contracts.ts';
import { EngineMessages } from './engine-messages.ts';
import { DefiniteAnswers, type TakenAnswer } from './definite-answers.ts';
import { checkEarly } from './early-buffer.ts';
import { beginFork, checkPrefixChunk } from './forks.ts';
import { ForkRequests, StepOwners } from './step-owners.ts';
import { checkGates, checkSlots } from './gates.ts';
import { HOLDS_PID, type HoldScope } from '../../../lib/contract/holds.ts';
import { HoldRules, holdsInForce } from './hold-rules.ts';
import { HandlerRuns } from './handler-runs.ts';
import { KeyDeliveries } from './key-deliveries.ts';
import { newInstancePicture, newRunPicture, type InstancePicture, type RunPicture } from './instance-picture.ts';
import type { JournalContext } from './journal-context.ts';
import { checkEntries } from './journal-rules.ts';
import { appendEntries, checkBase, checkChunk, checkNewRun, checkPastIsSpilled } from './linear-history.ts';
import { LimitClaims } from './limit-claims.ts';
import { Outbox } from './outbox.ts';
import { Patience } from './patience.ts';
import { QueueMessages } from './queue-messages.ts';
import { readMessage, type Reading, type Target } from './reading.ts';
import { checkDecision, checkReplay } from './replay-equality.ts';
import { restorePicture } from './restored-picture.ts';
import { retirePicture } from './retired-picture.ts';
import { SentCommands } from './sent-commands.ts';
import { SentTicks } from './sent-ticks.ts';
import { stoppedForNothing, triedTwice } from './stuck-by-answer.ts';
import { ServiceMessages } from './service-messages.ts';
import type { Told } from './told.ts';
import { blockedByLoser, checkTombstones } from './tombstones.ts';
import { Violations } from './violations.ts';

export interface AuditorOptions {
  /** As in the scenario: the first is deployed from the beginning. */
  readonly builds: readonly System<string>[];
  /** All builds have the same code: each replays what any other has decided. @default false */
  readonly compatible?: boolean;
  /** Further builds on which journals replay. @default none */
  readonly replayedOn?: readonly System<string>[];
  /** @default 900,000, as the engine's */
  readonly tickHorizonMs?: number;
  /** Events of other accounts must be parked. @default events of all accounts are accepted */
  readonly account?: string;
  /** Whether a fault has struck that may last longer than any time limit: an outage, a clock that jumped. @default none has */
  readonly outlasted?: () => boolean;
  /**
   * The time, if no worker has died or frozen, no call has failed and no clock was wrong: then runs are counted exactly. @default they are
   * not
   */
  readonly steadyAt?: () => number | undefined;
  /** Whether a worker may have ended while it held a message, or another worker may have received the same message. @default it may */
  readonly endsWorkers?: () => boolean;
  /** The time, milliseconds. @default each happening takes one */
  readonly now?: () => number;
  /** How many faults have struck so far. @default none has */
  readonly faults?: () => number;
  /** Whether `replayed` replays the journals of this instance. @default it does */
  readonly replay?: (pid: string) => boolean;
}

/** A fault may repeat the sends of one decision: at most as many commands as may be open. */
const SENDS_PER_FAULT_MAX = 100;
const DEAD_LETTER = '-dead-letter';

/**
 * Reports which invariants of the protocol (I1 to I15, I17 and I18) do not hold, at the happening that breaks them. It observes what truly
 * happens, and keeps its own picture of it. `npm run bench` asserts I16, the cost of a fault-free run: it counts every call.
 */
export class Auditor implements Observer, Told {
  readonly builds: readonly System<string>[];
  readonly #violations = new Violations();
  readonly #options: AuditorOptions;
  readonly #contracts: Contracts;
  readonly #replayed: Contracts;
  readonly #pictures = new Map<string, InstancePicture>();
  readonly #queues = new QueueMessages();
  readonly #services = new ServiceMessages();
  readonly #answers = new DefiniteAnswers();
  readonly #runs = new HandlerRuns();
  readonly #limits: LimitClaims;
  readonly #ticks = new SentTicks();
  readonly #patience = new Patience();
  readonly #engineMessages = new EngineMessages();
  readonly #keys = new KeyDeliveries();
  readonly #owners = new StepOwners();
  readonly #forkRequests = new ForkRequests();
  readonly #holds = new HoldRules();
  readonly #commands: SentCommands;
  readonly #readings = new Map<string, Reading>();
  /** When each body was last parked, with an instance or without one. */
  readonly #parkedAt = new Map<string, number>();
  readonly #published = new Set<string>();
  readonly #effects = new Set<string>();
  /** The number of this happening. */
  #at = 0;

  constructor(options: AuditorOptions) {
    this.builds = options.builds;
    this.#options = options;
    this.#limits = new LimitClaims(options.builds);
    this.#contracts = new Contracts(options.builds);
    this.#replayed = new Contracts([...(options.replayedOn ?? []), ...options.builds]);
    this.#commands = new SentCommands(this.#contracts, this.#violations.report);
  }

  /** Each begins with its invariant's name; at most 50. */
  get violations(): string[] {
    return this.#violations.all;
  }

  replayedDecision(pid: string, now: Decided, recorded: Decided | undefined, by: string): void {
    checkDecision(pid, now, recorded, by, this.#violations.report);
  }

  committed(head: Head, previous: Head | undefined, _by: string): void {
    this.#at += 1;
    const { report } = this.#violations;
    const picture = this.#picture(head.pid);
    checkBase(picture, head, previous, report);
    const stopped = stoppedForNothing(head, previous);
    if (stopped !== undefined) report('I5', stopped);
    const tried = triedTwice(head, previous);
    if (tried !== undefined) report('I4', tried);
    if (head.status === 'stuck' && previous?.status !== 'stuck' && this.#options.endsWorkers?.() === false) this.#checkQuarantined(head);
    if (this.#options.compatible && head.status === 'stuck' && previous?.status !== 'stuck') this.#checkReason(head);
    const before = picture.image;
    picture.head = head;
    this.#mark(picture, head);
    // A key at rest keeps its run.
    if (head.run === '' || (head.status === 'early' && !isKey(head.pid))) {
      picture.image = undefined;
      this.#checkEarly(picture, head, previous);
      return;
    }
    const image = decodeHead(head);
    const past = image.past ?? [];
    if (head.run !== before?.run && head.run !== previous?.run) checkNewRun(picture, { head, previous, past }, report);
    if (!picture.disturbed) checkPastIsSpilled(picture, before?.past ?? [], past, report);
    for (const each of past) this.#followPast(picture, head, before, each);
    const run = picture.runs.get(head.run) ?? this.#begin(picture, head);
    run.definition = head.definition;
    const first = appendEntries(run, head, report);
    picture.image = image;
    this.#keys.committed(before, image, this.#at);
    picture.startedAt = Math.min(picture.startedAt, this.#at);
    const context = this.#journalContext(picture, run, before);
    checkEntries(context, first);
    if (!picture.disturbed) this.#engineMessages.applied(run.entries.slice(first), picture, report);
    this.#holds.committed(picture, run, first, { ...this.#seen, ...context, steadyAt: this.#options.steadyAt?.() });
    this.#checkEarly(picture, head, previous);
    if (head.run !== before?.run) checkSlots(picture, this.#pictures, this.#contracts, report);
    const dropped = picture.outbox.follow(image);
    // The pending sends of a restored head may have been sent before.
    if (!picture.disturbed) for (const each of dropped) report('I2', `${each} was dropped from the head, and never sent`);
    checkTombstones(picture, before, image, this.#contracts, report);
    const blocking = blockedByLoser(image);
    if (blocking !== undefined) report('I8', blocking);
    if (!picture.disturbed) checkCarriers(image, (messageId) => this.#readMessage(messageId), report);
    checkArmed(image, this.#options.tickHorizonMs ?? 900_000, report);
  }

  /** The last entries of a run that has continued as new are in the head of the next run. */
  #followPast(picture: InstancePicture, head: Head, before: Image | undefined, { run: name, from, entries }: PastTail): void {
    const { report } = this.#violations;
    const run = picture.runs.get(name) ?? newRunPicture(name, head.definition);
    picture.runs.set(name, run);
    const first = appendEntries(run, { ...head, run: name, tail: entries, tailFrom: from }, report);
    const [began] = run.entries;
    if (began?.type === 'ProcessStarted' && run.definition === head.definition) run.definition = began.definition;
    checkEntries(this.#journalContext(picture, run, before), first);
  }

  /** The picture of a run that this commit begins. */
  #begin(picture: InstancePicture, head: Head): RunPicture {
    const run = newRunPicture(head.run, head.definition);
    const fork = picture.forks.get(head.run);
    if (fork) beginFork(picture, run, fork, this.#violations.report);
    picture.runs.set(head.run, run);
    return run;
  }

  #journalContext(picture: InstancePicture, run: RunPicture, before: Image | undefined): JournalContext {
    return {
      picture,
      run,
      before: before?.run === run.run ? before : undefined,
      contracts: this.#contracts,
      pictureOf: (pid) => this.#pictures.get(pid),
      owners: this.#owners,
      forkRequests: this.#forkRequests,
      at: this.#at,
      report: this.#violations.report,
    };
  }

  spilled(chunk: JournalChunk): void {
    this.#at += 1;
    const picture = this.#picture(chunk.pid);
    const fork = picture.forks.get(chunk.run);
    if (fork && !picture.runs.has(chunk.run)) checkPrefixChunk(fork, chunk, (pid) => this.#pictures.get(pid), this.#violations.report);
    else if (!picture.disturbed) checkChunk(picture.runs.get(chunk.run), chunk, this.#violations.report);
    else {
      const run = picture.runs.get(chunk.run);
      if (run) run.covered = Math.max(run.covered, chunk.from + chunk.entries.length);
    }
  }

  accepted(queue: string, body: string, messageId: string): void {
    this.#at += 1;
    if (!this.#isOfEngine(queue)) {
      this.#services.accepted(body, messageId, this.#at);
      if (!queue.endsWith(DEAD_LETTER)) {
        const command = JSON.parse(body) as CommandEnvelope;
        this.#commands.accepted(queue, command, (pid) => this.#pictures.get(pid));
        this.#runs.accepted(command);
      }
      return;
    }
    const reading = this.#read(body);
    this.#engineMessages.accepted(reading.inner, (pid) => this.#pictures.get(pid), this.#violations.report);
    this.#holds.accepted(reading.inner, messageId, this.#seen);
    this.#keys.accepted(reading.inner, this.#at, (pid) => this.#pictures.get(pid), this.#violations.report);
    this.#queues.accepted(queue, messageId, reading.inner, reading.wrapped, this.#at);
    // The original of a message that was sent back in a wrapper is deleted right after.
    this.#patience.accepted(reading.inner, this.#queues.count(reading.inner) - (reading.wrapped ? 1 : 0), this.#now());
    for (const target of reading.targets) {
      this.#note(target);
      if (target.kind === 'tick' && !reading.wrapped)
        this.#ticks.accepted(target, this.#now(), this.#options.faults?.() ?? 0, this.#violations.report);
    }
    if (isInvalidAnswer(body)) for (const { pid } of reading.targets) this.#picture(pid).wasContradicted = true;
  }

  received(queue: string, body: string): void {
    if (!this.#isOfEngine(queue) || queue.endsWith(DEAD_LETTER)) return;
    this.#patience.received(this.#read(body).inner, this.#now(), this.#options.faults?.() ?? 0, this.#violations.report);
  }

  published(event: OutgoingEvent): void {
    this.#at += 1;
    const detail = JSON.parse(event.detail) as Partial<ReplyEnvelope>;
    this.#services.published(detail, this.#at);
    if (this.#contracts.isService(event.source)) this.#answers.published(detail, this.#violations.report);
    const steadyAt = this.#options.steadyAt?.();
    if (steadyAt !== undefined) this.#runs.exhausted(detail, steadyAt, this.#violations.report);
    if (detail.commandid !== undefined || typeof detail.id !== 'string') return;
    const key = parseCommandId(detail.id);
    if (!key || event.source !== this.#contracts.system) return;
    this.#published.add(detail.id);
    const tenant = (detail as { readonly tenant?: string }).tenant ?? DEFAULT_TENANT;
    if (tenant !== parsePid(key.pid)?.tenant) this.#violations.report('I15', `${detail.id} was published for the tenant ${tenant}`);
    const picture = this.#pictures.get(key.pid);
    const entry = picture?.runs.get(key.run)?.entries.find((each) => each.type === 'EventPublished' && each.n === key.n);
    if (!entry && picture?.disturbed !== true)
      this.#violations.report('I1', `${detail.id} (${event.type}) was published, but no committed head has it`);
    picture?.outbox.eventSent(key.run, key.n);
  }

  parked(event: ParkedEvent): void {
    this.#at += 1;
    // A malformed message is parked with its wrapper.
    const reading = this.#read(event.body);
    const { inner, targets } = reading;
    this.#parkedAt.set(inner, this.#at);
    this.#keys.parked(reading);
    this.#holds.parked(event, inner, this.#queues, this.#seen);
    this.#patience.parked(event.reason, inner, this.#now(), this.#violations.report);
    if (event.pid === '') {
      this.#checkApart(event, targets);
      return;
    }
    if (event.reason === 'REFUSED')
      for (const target of targets)
        if (target.kind === 'operate') this.#forkRequests.refused(target.pid, target.id, event.detail, this.#violations.report);
    if (event.reason === 'FORBIDDEN') for (const target of targets) this.#checkForbidden(target);
    this.#picture(event.pid).parked.set(inner, { at: this.#at, stuck: event.reason === 'STUCK' || event.reason === 'PAUSED' });
    const tenants = new Set(targets.map(({ pid }) => parsePid(pid)?.tenant));
    if (tenants.size > 0 && !tenants.has(parsePid(event.pid)?.tenant))
      this.#violations.report('I15', `an event of ${[...tenants].join(', ')} was parked beside ${event.pid}`);
  }

  deleting(queue: string, body: string, messageId: string): void {
    this.#at += 1;
    if (!this.#isOfEngine(queue)) {
      if (!queue.endsWith(DEAD_LETTER)) this.#services.deleting(queue, body, messageId, this.#violations.report);
      return;
    }
    const reading = this.#read(body);
    this.#checkDeleted(queue, messageId, reading);
    this.#queues.deleted(messageId);
  }

  effect(effect: Effect): void {
    this.#at += 1;
    const { report } = this.#violations;
    if (this.#effects.has(effect.commandId)) report('I4', `${effect.commandId} (${effect.command}) had its effect twice`);
    this.#effects.add(effect.commandId);
    if (!this.#commands.hashes.has(effect.commandId)) report('I1', `${effect.commandId} had an effect, and was never sent`);
  }

  began(run: HandlerRun): void {
    this.#at += 1;
    this.#runs.began(run, this.#violations.report);
    const steadyAt = this.#options.steadyAt?.();
    this.#limits.began(run, this.#options.now?.() ?? this.#at, steadyAt === undefined ? undefined : this.#violations.report);
  }

  ended(commandId: string): void {
    this.#runs.ended(commandId);
  }

  postponed(commandId: string): void {
    this.#runs.postponed(commandId);
  }

  lost(commandId: string): void {
    this.#runs.lost(commandId);
  }

  recorded(commandId: string, record: Omit<CommandRecord, 'revision'>, by: string): void {
    this.#runs.recorded(commandId, record, by);
    const { now, outlasted } = this.#options;
    this.#limits.recorded(commandId, record, now?.() ?? this.#at, outlasted?.() === true ? undefined : this.#violations.report);
  }

  /** An answer by token was accepted. */
  taken(answer: TakenAnswer): void {
    this.#answers.taken(answer, this.#violations.report);
  }

  /** An answer by token was refused as too late. */
  refused(commandId: string, state: CommandRecord['state']): void {
    this.#answers.refused(commandId, state, this.#violations.report);
  }

  retired(pid: string): void {
    this.#at += 1;
    retirePicture(this.#picture(pid), this.#at, this.#violations.report);
  }

  restored(heads: readonly (Head | undefined)[], pids: readonly string[]): void {
    this.#at += 1;
    for (const [i, pid] of pids.entries()) restorePicture(this.#picture(pid), heads[i], this.#at);
    // Events that were parked since the snapshot are no longer parked, even if their head has not changed.
    for (const picture of this.#pictures.values()) if (picture.parked.size > 0) picture.disturbed = true;
    for (const body of this.#parkedAt.keys()) for (const { pid } of this.#read(body).targets) this.#picture(pid).disturbed = true;
  }

  /** I5 for answers by token, at rest. */
  answersStand(clocksJumped: boolean): void {
    this.#answers.atEnd(clocksJumped, this.#violations.report);
  }

  /** I9, at rest: the world must not go on between two replays. */
  async replayed(read: (pid: string, hash: string) => Promise<Json>): Promise<void> {
    for (const [pid, { runs, head, disturbed }] of this.#pictures) {
      if (disturbed || this.#options.replay?.(pid) === false) continue;
      for (const run of runs.values()) {
        const isAskedWhy = head?.status === 'stuck' && head.run === run.run;
        if (isAskedWhy) continue;
        for (const catalogue of this.#replayed.cataloguesOf(run.definition).slice(0, this.#options.compatible ? Infinity : 1))
          await checkReplay(pid, run, catalogue, (hash) => read(pid, hash), this.#violations.report);
      }
    }
  }

  /** I6 and I7 for gates, at rest. */
  gatesRest(): void {
    checkGates(this.#pictures, this.#violations.report);
  }

  /** I6 and I8 for holds, at rest. */
  holdsRest(parked: readonly ParkedEvent[]): void {
    const began = ({ pid, body }: ParkedEvent): boolean =>
      this.#read(body).targets.some(
        (target) => target.kind === 'event' && [...(this.#pictures.get(pid)?.runs.values() ?? [])].some(({ ids }) => ids.has(target.id)),
      );
    this.#holds.atRest(parked, began, this.#seen);
  }

  /** The scopes of the holds in force. */
  get held(): readonly HoldScope[] {
    return holdsInForce(this.#pictures.get(HOLDS_PID)).map(({ scope }) => scope);
  }

  get #seen() {
    return { at: this.#at, pictures: this.#pictures, keeper: this.#pictures.get(HOLDS_PID), report: this.#violations.report };
  }

  /** I13, at the end: the decisions and the faults bound the number of sends. */
  boundedBy(faults: number): void {
    let decided = 0;
    for (const { outbox } of this.#pictures.values()) decided += outbox.decided;
    const most = decided + SENDS_PER_FAULT_MAX * (faults + this.#queues.duplicates);
    if (this.#commands.count > most)
      this.#violations.report(
        'I13',
        `${this.#commands.count} commands were sent: ${decided} sends were decided, and ${faults} faults struck`,
      );
  }

  /** I4, I6 and I8 for events by key, at rest. */
  keysRest(): void {
    this.#keys.atRest({ pictures: this.#pictures, read: (body) => this.#read(body), report: this.#violations.report });
  }

  /** I13, at the end: an event that an operator has sent back repeatedly, with no more faults, is parked again without a reason. */
  leftParked(events: readonly ParkedEvent[]): void {
    for (const { pid, reason, id, body } of events) {
      const head = this.#pictures.get(pid)?.head;
      // If the instance is gone or stuck, no resume sends its events back.
      const mayStay = pid !== '' && (head === undefined || head.status === 'stuck');
      if (reason === 'DEAD_LETTER' && !mayStay)
        this.#violations.report('I13', `${id}, beside ${pid === '' ? 'no instance' : pid}, stays a dead letter: ${body.slice(0, 200)}`);
    }
  }

  wasContradicted(pid: string): boolean {
    return this.#pictures.get(pid)?.wasContradicted === true;
  }

  wasRefused(pid: string): boolean {
    return this.#holds.wasRefused(pid);
  }

  wasClosed(pid: string): boolean {
    return (this.#pictures.get(pid)?.closedUntil ?? -1) !== -1;
  }

  isDisturbed(pid: string): boolean {
    return this.#pictures.get(pid)?.disturbed ?? false;
  }

  mayHaveLostPatience(pid: string): boolean {
    return this.#pictures.get(pid)?.wasStuck === true || this.#options.outlasted?.() === true;
  }

  wasRetired(pid: string): boolean {
    return this.#pictures.get(pid)?.wasRetired ?? false;
  }

  wasSent(commandId: string): boolean {
    return this.#commands.hashes.has(commandId);
  }

  wasPublished(eventId: string): boolean {
    return this.#published.has(eventId);
  }

  runsOf(pid: string): readonly string[] {
    return [...(this.#pictures.get(pid)?.runs.keys() ?? [])];
  }

  /** The journal of one instance, to diagnose a failure. */
  story(pid: string): readonly string[] {
    return [...(this.#pictures.get(pid)?.runs.values() ?? [])].flatMap(({ texts }) => texts);
  }

  #now(): number {
    return this.#options.now?.() ?? this.#at;
  }

  /** I6: only a forged reply is refused, never the reply of the owner to the command that was issued. */
  #checkForbidden(target: Target): void {
    if (target.kind !== 'reply') return;
    const { pid, run, n, source, hash, outcome } = target;
    const picture = this.#picture(pid);
    const issued = picture.runs.get(run)?.issued.get(n);
    const isGenuine =
      issued && (issued.owner ?? this.#contracts.command(issued.command)?.service) === source && hash.startsWith(`sha256:${issued.hash}`);
    if (isGenuine && !picture.disturbed)
      this.#violations.report('I6', `the genuine reply ${outcome} to ${pid}/${run}/${n} was refused as forged`);
  }

  /** A message that names its instance must be parked where a `resume` of that instance finds it. */
  #checkApart({ reason }: ParkedEvent, targets: readonly Target[]): void {
    const named = targets.find(({ kind }) => kind !== 'event');
    if (reason === 'DEAD_LETTER' && named)
      this.#violations.report('I14', `a dead letter, a ${named.kind} of ${named.pid}, was parked apart from it, where no resume finds it`);
  }

  #checkDeleted(queue: string, messageId: string, reading: Reading): void {
    const { report } = this.#violations;
    const queues = this.#queues;
    const acceptedAt = queues.acceptedAt(messageId);
    const isParked = (this.#parkedAt.get(reading.inner) ?? -1) > acceptedAt;
    const hasCopy = (wrapped: boolean): boolean => queues.hasCopy(reading.inner, messageId, wrapped);
    if (queue.endsWith(DEAD_LETTER)) {
      // A dead letter is sent back or parked; no worker decides on it.
      if (!isParked && !queues.isSentBack(reading.inner, acceptedAt))
        report('I14', `the dead letter ${messageId} was deleted from ${queue}, and neither sent back nor parked`);
      return;
    }
    if (reading.apart) return;
    if (reading.looks) {
      if (!isParked && !hasCopy(false)) this.#holds.deleting(messageId, reading.looks, queues, this.#seen);
      return;
    }
    if (reading.targets.length === 0) {
      if (!isParked && !hasCopy(false))
        report('I6', `${messageId}, which is for no instance, was deleted from ${queue} and not parked: ${reading.inner.slice(0, 200)}`);
      return;
    }
    // A whole message may be parked without an instance, if it is malformed for one build.
    const deleted = {
      messageId,
      reading,
      acceptedAt,
      hasCopy,
      isLeft: (id: string) => queues.isLeft(id),
      isSentBack: (inner: string, since: number) => queues.isSentBack(inner, since),
      isOperated: (commandId: string) => this.#engineMessages.isOperated(commandId),
      isOverOfKey: (target: Extract<Target, { kind: 'event' }>, picture: InstancePicture) => this.#keys.isOver(target, picture, acceptedAt),
    };
    for (const target of reading.targets) {
      const picture = this.#picture(target.pid);
      const isParkedAlone = isParked && !picture.parked.has(reading.inner);
      if (!isParkedAlone) checkDeleted(deleted, target, picture, this.#isEarly(picture, reading.inner), report);
    }
  }

  /** I17: if no worker has ended, no event is quarantined for ending one. */
  #checkQuarantined({ pid, why = '' }: Head): void {
    if (why.includes('This event ended its worker')) this.#violations.report('I17', `${pid} is in quarantine, and no worker has ended`);
  }

  /** I9: no change of a contract stops a run. */
  #checkReason({ pid, why }: Head): void {
    const { code = '' } = JSON.parse(why ?? '{}') as { readonly code?: string };
    if (code === 'NONDETERMINISM' || code === 'POISON') this.#violations.report('I9', `${pid} is stuck: ${why}`);
  }

  #checkEarly(picture: InstancePicture, head: Head, previous: Head | undefined): void {
    if (head.early === undefined && previous?.early === undefined) return;
    const context = {
      read: (body: string) => this.#read(body),
      wasParked: (inner: string) => this.#parkedAt.has(inner),
      accepted: (inner: string) => this.#queues.timesAccepted(inner),
      faults: this.#options.faults?.() ?? 0,
      report: this.#violations.report,
    };
    checkEarly(picture, head, previous, context);
  }

  #isEarly({ head }: InstancePicture, inner: string): boolean {
    return (head?.early ?? []).some((body) => this.#read(body).inner === inner);
  }

  #note(target: Target): void {
    const picture = this.#picture(target.pid);
    if (target.kind === 'event') {
      this.#keys.noted(target);
      if (target.fork && !picture.forks.has(target.fork.run))
        picture.forks.set(target.fork.run, { commandId: target.id, input: target.fork.input, spilled: new Map() });
      add(picture.events, `${target.event} ${target.id}`, target.source);
      add(picture.starts, target.id, target.source);
    } else if (target.kind === 'reply') {
      const id = `${target.run}/${target.n}`;
      picture.replies.set(id, [...(picture.replies.get(id) ?? []), target]);
    } else if (target.kind === 'operate') {
      picture.operators.set(target.id, target);
      this.#forkRequests.asked(target.id, this.#at);
    } else if (picture.image?.run === target.run) picture.outbox.tickSent(target.tickAt);
  }

  #mark(picture: InstancePicture, { status, paused }: Head): void {
    if (isClosed(status)) picture.closedUntil = Infinity;
    else if (picture.closedUntil === Infinity) picture.closedUntil = this.#at;
    if (status === 'stuck' || paused !== undefined) {
      picture.stuckUntil = Infinity;
      picture.stuckAt = this.#at;
      picture.wasStuck = true;
    } else if (picture.stuckUntil === Infinity) picture.stuckUntil = this.#at;
  }

  #isOfEngine(queue: string): boolean {
    return ENGINE_QUEUES.some((each) => queue.startsWith(each));
  }

  #read(body: string): Reading {
    let reading = this.#readings.get(body);
    if (!reading) {
      reading = readMessage(body, this.#contracts, this.#options.account);
      this.#readings.set(body, reading);
    }
    return reading;
  }

  #readMessage(messageId: string): Reading | undefined {
    const inner = this.#queues.innerOf(messageId);
    return inner === undefined ? undefined : this.#read(inner);
  }

  #picture(pid: string): InstancePicture {
    let picture = this.#pictures.get(pid);
    if (!picture) {
      picture = newInstancePicture(pid, new Outbox());
      this.#pictures.set(pid, picture);
    }
    return picture;
  }
}

const add = (all: Map<string, Set<string>>, key: string, value: string): void => {
  const known = all.get(key);
  if (known) known.add(value);
  else all.set(key, new Set([value]));
};
