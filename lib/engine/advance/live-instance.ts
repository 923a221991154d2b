import type { Catalogue } from '../../contract/catalogue.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Json } from '../../contract/schema.ts';
import { parsePid } from '../../contract/wire/process-id.ts';
import { closeActivation, openActivation } from '../../core/activation.ts';
import { applyFact } from '../../core/apply.ts';
import { poison } from '../../core/bug.ts';
import type { FrontEnd, FrontEndOf } from '../../core/front-end.ts';
import { isClosed, journalLength, newImage, type Image, type StuckReason } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { JournalEntry, RecordedFact } from '../../core/journal-entry.ts';
import { activations, Expected } from '../../core/replay.ts';
import { newRun, type ProcessRun, type RunEnvironment } from '../../core/run.ts';
import { asNewestVersion } from '../../core/stored-facts.ts';
import { resolveReferences } from '../../format/head-codec.ts';
import { journalTexts, readEntries } from '../../format/read-journal.ts';
import type { ProcessStore } from '../../ports/process-store.ts';

/**
 * One instance in memory: its control state, and for an async process the suspended function. It is valid for exactly the version it was
 * committed at; a worker takes it out of the cache before it advances it.
 */
export class LiveInstance {
  readonly run: ProcessRun;
  /** Entries of the tail that were committed when the instance was loaded or last committed: only these may be spilled. */
  committedTail = 0;
  /** Whether this worker has sent the pending sends of the last commit. */
  pendingSent = false;
  readonly #frontEnd: FrontEnd;

  constructor(definition: ProcessContract, environment: RunEnvironment, frontEndOf: FrontEndOf, image: Image) {
    this.run = newRun(definition, environment, image);
    this.#frontEnd = frontEndOf(definition, this.run);
  }

  /** An instance that needs no replay: a decider, or an instance that has ended. */
  static decoded(definition: ProcessContract, environment: RunEnvironment, frontEndOf: FrontEndOf, image: Image): LiveInstance {
    const live = new LiveInstance(definition, environment, frontEndOf, image);
    live.run.position = journalLength(image);
    live.run.ended = isClosed(image.status);
    live.committedTail = image.tail.length;
    return live;
  }

  /** An async process, rebuilt from its journal. A difference sets `run.bug`, with the code NONDETERMINISM. */
  static async replayed(
    definition: ProcessContract,
    environment: RunEnvironment,
    frontEndOf: FrontEndOf,
    image: Image,
    journal: readonly JournalEntry[],
  ): Promise<LiveInstance> {
    const shadow = newImage(image.pid, image.run, image.definition, image.startedAt);
    const live = new LiveInstance(definition, environment, frontEndOf, shadow);
    const differences = await live.#replay(journal, heldBy(image));
    if (differences.length > 0 && !live.run.bug)
      live.run.bug = {
        code: 'NONDETERMINISM',
        message: `The code does not decide what the journal of ${image.pid} holds: ${differences.slice(0, 5).join('; ')}.`,
      };
    live.run.image = image;
    live.committedTail = image.tail.length;
    return live;
  }

  async #replay(journal: readonly JournalEntry[], held: (n: number) => Json | undefined): Promise<readonly string[]> {
    const { run } = this;
    for (const { fact, decided } of activations(journal)) {
      run.expected = new Expected(decided, held);
      await this.apply(fact);
      run.expected.rest();
      const { differences } = run.expected;
      run.expected = undefined;
      // The head holds the reason, if the instance was stuck: it is not set again.
      run.stuck = undefined;
      if (differences.length > 0 || run.bug) return differences;
    }
    return [];
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
      const yielded = this.#frontEnd.hear(fact, applyFact(run, fact));
      observer?.yielded();
      await yielded;
    } catch (error) {
      poison(run, error);
    }
    observer?.ended(pid);
    closeActivation(run);
  }
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
  let live: LiveInstance;
  if (isTerminate(inbound) || definition.kind === 'decider' || isClosed(image.status))
    live = LiveInstance.decoded(definition, environment, frontEndOf, image);
  else {
    const journal = await readEntries(await journalTexts(store, image), (name) => context.readPayload(image.pid, name));
    live = await LiveInstance.replayed(definition, environment, frontEndOf, image, journal);
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

/** Terminate does not replay: the instance may be stuck because its journal cannot be replayed. */
function isTerminate(inbound: Inbound): boolean {
  return inbound.kind === 'operate' && inbound.act === 'terminate';
}
