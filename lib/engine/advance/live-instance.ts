import type { PayloadStore } from '../../ports/payload-store.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Json } from '../../contract/schema.ts';
import { parsePid } from '../../contract/wire/process-id.ts';
import { closeActivation, openActivation } from '../../core/journal.ts';
import { applyFact, asNewestVersion } from '../../core/apply.ts';
import { factsAfter, imageAfter } from '../../core/continuing.ts';
import { poison } from '../../core/bug.ts';
import type { FrontEnd, FrontEndOf } from '../../core/front-end.ts';
import {
  CONTROL_BYTES_MAX,
  type Image,
  type PastTail,
  type StuckReason,
  type Subscription,
  isClosed,
  journalLength,
  newImage,
} from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { JournalEntry, RecordedFact } from '../../core/journal-entry.ts';
import { activations, Expected } from '../../core/replay.ts';
import { type Continued, type ProcessRun, type RunEnvironment, newRun } from '../../core/run.ts';
import { encodeControl, encodeHead, resolveReferences } from '../../format/head-codec.ts';
import { journalTexts, readEntries } from '../../format/read-journal.ts';
import type { CommitCondition, Head, ProcessStore } from '../../ports/process-store.ts';

/** The code of an instance, and what it runs on. */
export interface RunnableCode {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  readonly frontEndOf: FrontEndOf;
}

/**
 * One instance in memory: its control state, and for an async process the suspended function. It is valid for exactly the version it was
 * committed at; a worker takes it out of the cache before it advances it.
 */
export class LiveInstance {
  /** `ctx.continueAsNew` replaces it by the next run. */
  run: ProcessRun;
  /** Entries of the tail that were committed when the instance was loaded or last committed: only these may be spilled. */
  committedTail = 0;
  /** Whether this worker has sent the pending sends of the last commit. */
  pendingSent = false;
  /** Characters of the large values in its commits, which its code may hold. */
  largeCharacters = 0;
  /** Its estimated characters when it was cached. */
  weight = 0;
  /** The last entries of runs that have continued as new since the last commit. */
  past: PastTail[] = [];
  readonly #frontEndOf: FrontEndOf;
  #frontEnd: FrontEnd;

  constructor({ definition, environment, frontEndOf }: RunnableCode, image: Image) {
    this.run = newRun(definition, environment, image);
    this.#frontEndOf = frontEndOf;
    this.#frontEnd = frontEndOf(definition, this.run);
  }

  /** An instance that needs no replay: a decider, or an instance that has ended. */
  static decoded(code: RunnableCode, image: Image): LiveInstance {
    const live = new LiveInstance(code, image);
    live.run.position = journalLength(image);
    live.run.ended = isClosed(image.status);
    live.committedTail = image.tail.length;
    return live;
  }

  /** An async process, rebuilt from its journal. A difference sets `run.bug`, with the code NONDETERMINISM. */
  static async replayed(code: RunnableCode, image: Image, journal: readonly JournalEntry[]): Promise<LiveInstance> {
    // The prefix of a fork is older than its start.
    const [first] = journal as readonly { readonly at?: number }[];
    const shadow = newImage(image.pid, image.run, image.definition, first?.at ?? image.startedAt);
    const live = new LiveInstance(code, shadow);
    await live.replay(journal, heldBy(image));
    live.run.image = image;
    live.committedTail = image.tail.length;
    return live;
  }

  /** Replays entries on the image of this instance. A difference sets `run.bug`. */
  async replay(journal: readonly JournalEntry[], held: (n: number) => Json | undefined): Promise<void> {
    const { differences, untaken } = await this.#replay(journal, held);
    if (differences.length === 0) return;
    const [change] = untaken;
    this.run.bug ??= {
      code: 'NONDETERMINISM',
      message: `The code does not decide what the journal of ${this.run.image.pid} holds: ${differences.slice(0, 5).join('; ')}.${
        change === undefined ? '' : ` The run has taken the change ${change}, for which this code does not ask.`
      }`,
      ...(change !== undefined && { newer: true as const }),
    };
  }

  /** `untaken`: the changes of the journal for which the code did not ask, up to the first difference. */
  async #replay(
    journal: readonly JournalEntry[],
    held: (n: number) => Json | undefined,
  ): Promise<{ readonly differences: readonly string[]; readonly untaken: readonly string[] }> {
    const { run } = this;
    const untaken: string[] = [];
    for (const { fact, decided } of activations(journal)) {
      run.expected = new Expected(decided, held);
      await this.apply(fact);
      const left = run.expected.rest();
      run.position += left.length;
      untaken.push(...left);
      const { differences } = run.expected;
      run.expected = undefined;
      // The head holds the reason, if the instance was stuck: it is not set again.
      run.stuck = undefined;
      if (differences.length > 0 || run.bug) return { differences, untaken };
    }
    return { differences: [], untaken };
  }

  /** Applies one fact and runs the user's code until it waits again. An error that it throws is kept in `run.bug`. */
  async apply(received: RecordedFact): Promise<void> {
    const { run } = this;
    const fact = asNewestVersion(run, received);
    const { observer } = run.environment;
    const { pid } = run.image;
    openActivation(run);
    observer?.begun(pid);
    try {
      const yielded = this.#frontEnd.advance(fact, applyFact(run, fact));
      observer?.yielded();
      await yielded;
    } catch (error) {
      poison(run, error);
    }
    observer?.ended(pid);
    closeActivation(run);
    if (run.continued && !run.bug) await this.#continue(run, run.continued);
  }

  /** Begins the next run. The end of the run before it is committed together with it. */
  async #continue(ended: ProcessRun, continued: Continued): Promise<void> {
    const { image, unread, environment, carrier, hops, trace, payloads, stuck, lines } = ended;
    this.past.push({ run: image.run, from: image.tailFrom + this.committedTail, entries: image.tail.slice(this.committedTail) });
    this.committedTail = 0;
    const next = imageAfter(ended, continued);
    this.run = Object.assign(newRun(continued.definition, environment, next), { carrier, hops, trace, stuck, lines });
    for (const [hash, text] of payloads) this.run.payloads.set(hash, text);
    this.#frontEnd = this.#frontEndOf(continued.definition, this.run);
    if (this.past.length > CONTINUED_MAX + unread.length) refuseContinuing(this.run);
    else for (const fact of factsAfter(ended, continued, next)) await this.apply(fact);
  }
}

/** How many runs one event may begin, beyond one for each unread event. */
const CONTINUED_MAX = 100;

function refuseContinuing(run: ProcessRun): void {
  const { name } = run.definition;
  const message = `${name} continues as new without waiting: one event began more than ${CONTINUED_MAX} runs. In each run await a step that takes time.`;
  run.bug = { code: 'POISON', message };
}

/** Data that a head still holds for a number: the inputs of open commands, and events that are pending sends. */
function heldBy({ commands, pendingSends }: Image) {
  return (n: number): Json | undefined =>
    commands.get(n)?.input ?? pendingSends.find((pending) => pending.kind === 'event' && pending.n === n)?.data;
}

/** The part of the engine's context that rebuilds an instance. */
export interface Rebuilding {
  readonly catalogue: Catalogue;
  readonly environment: RunEnvironment;
  readonly options: { readonly store: Pick<ProcessStore, 'chunks'>; readonly frontEndOf: FrontEndOf };
  readonly readPayload: (pid: string, hash: string) => Promise<Json>;
}

/** The instance in memory, from its head and its journal, on the definition that the event asks for. */
export async function rebuildInstance(
  context: Rebuilding,
  pid: string,
  image: Image | undefined,
  inbound: Inbound,
): Promise<LiveInstance | StuckReason> {
  const { catalogue, environment } = context;
  const { frontEndOf, store } = context.options;
  const wanted = wantedDefinition(image, inbound);
  // Terminate works for unlisted versions too, because it runs no process code.
  const definition = catalogue.definition(wanted) ?? (isTerminate(inbound) ? catalogue.newest(parsePid(pid)?.process ?? '') : undefined);
  if (!definition || !image)
    return { code: 'UNKNOWN_VERSION', message: `${pid} is to go on with ${wanted}, which this system does not list.` };
  await resolveReferences(image, context.readPayload);
  const code = { definition, environment, frontEndOf };
  let live: LiveInstance;
  if (isTerminate(inbound) || definition.kind === 'decider' || isClosed(image.status)) live = LiveInstance.decoded(code, image);
  else {
    const journal = await readEntries(await journalTexts(store, image), (name) => context.readPayload(image.pid, name));
    live = await LiveInstance.replayed(code, image, journal);
  }
  image.definition = wanted;
  return live;
}

/** A run stays on its definition, unless an operator resumes it with another version of it. */
function wantedDefinition(image: Image | undefined, inbound: Inbound): string {
  const { definition = '' } = image ?? {};
  if (inbound.kind !== 'operate' || inbound.version === undefined) return definition;
  return `${definition.slice(0, definition.lastIndexOf('@'))}@${inbound.version}`;
}

/** Terminate and fork do not replay: the instance may be stuck because its journal cannot be replayed. */
function isTerminate(inbound: Inbound): boolean {
  return inbound.kind === 'operate' && (inbound.act === 'terminate' || inbound.act === 'fork');
}

/** The characters of all warm instances that are kept, about a tenth of the memory that they take. */
const WARM_CHARACTERS_MAX = 50_000_000;
/** Of an instance without entries, and of an entry. */
const INSTANCE_CHARACTERS = 1_000;
const ENTRY_CHARACTERS = 200;

/** Warm instances by pid; the least recently used is dropped first. `take` removes the instance, so that only one batch advances it. */
export class LiveCache {
  readonly #instances = new Map<string, LiveInstance>();
  readonly #instancesMax: number;
  readonly #journalEntriesMin: number;
  #characters = 0;

  constructor(instancesMax: number, journalEntriesMin: number) {
    this.#instancesMax = instancesMax;
    this.#journalEntriesMin = journalEntriesMin;
  }

  take(pid: string): LiveInstance | undefined {
    const live = this.#instances.get(pid);
    if (live === undefined) return undefined;
    this.#instances.delete(pid);
    this.#characters -= live.weight;
    return live;
  }

  put(live: LiveInstance): void {
    const { pid } = live.run.image;
    if (live.run.position < this.#journalEntriesMin) return;
    this.take(pid);
    live.weight = INSTANCE_CHARACTERS + live.run.position * ENTRY_CHARACTERS + live.largeCharacters;
    this.#instances.set(pid, live);
    this.#characters += live.weight;
    if (this.#isFull()) this.#evict();
  }

  #isFull(): boolean {
    return this.#instances.size > this.#instancesMax || this.#characters > WARM_CHARACTERS_MAX;
  }

  #evict(): void {
    for (const oldest of this.#instances.keys()) {
      this.take(oldest);
      if (!this.#isFull()) return;
    }
  }

  /** Marks the pending sends of this version as sent, so that the next commit may drop them; does nothing if the version has changed. */
  markSent(pid: string, version: number): void {
    const live = this.#instances.get(pid);
    if (live?.run.image.version === version) live.pendingSent = true;
  }

  clear(): void {
    this.#instances.clear();
    this.#characters = 0;
  }
}

/** The part of the engine's context that a commit uses. */
interface CommitPorts {
  readonly options: { readonly store: ProcessStore; readonly payloads: PayloadStore };
  readonly nextWriter: () => string;
}

/** The members of a committed head on which the next commit rests. */
export type BaseHead = Pick<Head, 'version' | 'run' | 'status' | 'tail' | 'tailFrom' | 'unresolved' | 'early' | 'paused'>;

export type Commit =
  | { readonly status: 'committed'; readonly head: Head }
  | { readonly status: 'conflict'; readonly current: Head | undefined }
  | { readonly status: 'too-large'; readonly reason: StuckReason };

/**
 * A tail of more characters than this is spilled: deflated, it just fits into 1 KB beside the control state. The rule counts uncompressed
 * characters, so that no decision depends on a build of zlib.
 */
const TAIL_CHARACTERS_MAX = 2_400;

/** Writes large values and spilled entries, then the head in one conditional write (docs/protocol.md#write-ahead). */
export async function commitImage(context: CommitPorts, live: LiveInstance, base: BaseHead | undefined): Promise<Commit> {
  const { store, payloads } = context.options;
  const { run } = live;
  const { image } = run;
  image.waits = openWaits(run);
  image.keyed = image.subscriptions && keyedWaits(run, image.subscriptions);
  const { past } = image;
  image.past = live.past.length > 0 ? live.past : undefined;
  const control = encodeControl(image);
  if (control.length > CONTROL_BYTES_MAX && !isClosed(image.status))
    return { status: 'too-large', reason: sizeReason(image, control.length) };
  if (run.payloads.size > 0) {
    for (const json of run.payloads.values()) live.largeCharacters += json.length;
    await Promise.all(Array.from(run.payloads, ([hash, json]) => payloads.put(image.pid, hash, json)));
    run.payloads.clear();
  }
  // Runs that have continued in an earlier commit: their last entries are committed, and leave the head.
  for (const { run: name, from, entries } of past ?? []) await store.spill({ pid: image.pid, run: name, from, entries });
  if (mustSpill(live, base)) await spillTail(context, live, base);
  image.version = (base?.version ?? 0) + 1;
  const writer = context.nextWriter();
  image.writer = writer;
  const head = encodeHead(image, writer, control);
  const result = await store.commit(head, expectation(base));
  if (result.status === 'conflict' && result.current?.writer !== writer) return { status: 'conflict', current: result.current };
  live.committedTail = image.tail.length;
  live.pendingSent = false;
  live.past = [];
  return { status: 'committed', head };
}

/** Waits that a head lists; a process with more of them waits for all at once. */
const WAITS_MAX = 20;

/** The paths of open waits without a time-out: a wait with one is listed by its timer. */
function openWaits({ waits, ended }: ProcessRun): readonly string[] | undefined {
  const paths = ended ? [] : waits.filter(({ timer, loop }) => timer === undefined && loop?.end === undefined).map(({ path }) => path);
  return paths.length === 0 ? undefined : paths.slice(0, WAITS_MAX);
}

export function expectation(base: Pick<Head, 'version' | 'run' | 'status'> | undefined): CommitCondition {
  if (!base) return { kind: 'absent' };
  if (base.status === 'early') return { kind: 'early', version: base.version };
  if (base.status === 'stuck') return { kind: 'stuck', version: base.version };
  return { kind: 'at', version: base.version, run: base.run };
}

function sizeReason(image: Image, bytes: number): StuckReason {
  return {
    code: 'SIZE',
    message: `The control state of ${image.pid} has ${bytes} bytes: at most ${CONTROL_BYTES_MAX} are allowed.`,
  };
}

/** A new run puts the whole committed tail of the run before. The tail of a warm instance that continues as new has later entries too. */
async function spillBefore({ options: { store } }: CommitPorts, { run, past }: LiveInstance, base: BaseHead): Promise<void> {
  const { tailFrom: from, tail } = base;
  const continued = past.find((each) => each.run === base.run);
  const entries = tail.slice(0, continued ? continued.from - from : tail.length);
  if (entries.length > 0) await store.spill({ pid: run.image.pid, run: base.run, from, entries });
}

function mustSpill(live: LiveInstance, base: BaseHead | undefined): boolean {
  return (base && base.run !== live.run.image.run) === true || isTailLong(live);
}

function isTailLong({ committedTail, run: { image } }: LiveInstance): boolean {
  if (committedTail === 0) return false;
  let characters = 0;
  for (const entry of image.tail) characters += entry.length;
  return characters > TAIL_CHARACTERS_MAX;
}

/** Moves only committed entries out of the head: chunks of two writers may then overlap, but never disagree. */
async function spillTail(context: CommitPorts, live: LiveInstance, base: BaseHead | undefined): Promise<void> {
  const { image } = live.run;
  if (base && base.run !== image.run) await spillBefore(context, live, base);
  if (!isTailLong(live)) return;
  await context.options.store.spill({
    pid: image.pid,
    run: image.run,
    from: image.tailFrom,
    entries: image.tail.slice(0, live.committedTail),
  });
  image.tailFrom += live.committedTail;
  image.tail = image.tail.slice(live.committedTail);
}

/** The open waits by key, with their subscriptions. */
function keyedWaits({ waits, ended }: ProcessRun, subscriptions: readonly Subscription[]): Image['keyed'] {
  const keyed = ended ? [] : waits.filter(({ key }) => key !== undefined).slice(0, WAITS_MAX);
  if (keyed.length === 0) return undefined;
  return keyed.map(({ path, key, events }) => [path, subscriptions.findIndex((each) => each.key === key && events.includes(each.event))]);
}
