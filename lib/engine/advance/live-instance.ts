import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Json } from '../../contract/schema.ts';
import { closeActivation, openActivation } from '../../core/activation.ts';
import { applyFact } from '../../core/apply.ts';
import { poison } from '../../core/bug.ts';
import type { FrontEnd, FrontEndOf } from '../../core/front-end.ts';
import { isClosed, journalLength, newImage, type Image } from '../../core/image.ts';
import type { RecordedFact, JournalEntry } from '../../core/journal-entry.ts';
import { activations, Expected } from '../../core/replay.ts';
import { newRun, type RunEnvironment, type ProcessRun } from '../../core/run.ts';
import { asNewestVersion } from '../../core/stored-facts.ts';

/**
 * One instance in memory: its control state, and for an async process the suspended function. Valid for exactly the
 * version it was committed at; whoever advances it takes it out of the cache first.
 */
export class LiveInstance {
  readonly run: ProcessRun;
  /** How many entries of the tail were already committed when it was loaded or last committed: only these may be spilled. */
  committedTail = 0;
  /** Fires of the last commit that this environment has sent itself. */
  firesSent = false;
  readonly #frontEnd: FrontEnd;

  constructor(definition: ProcessContract, environment: RunEnvironment, frontEndOf: FrontEndOf, image: Image) {
    this.run = newRun(definition, environment, image);
    this.#frontEnd = frontEndOf(definition, this.run);
  }

  /** A head that needs no replay: of a decider, or of an instance that has ended. */
  static decoded(definition: ProcessContract, environment: RunEnvironment, frontEndOf: FrontEndOf, image: Image): LiveInstance {
    const live = new LiveInstance(definition, environment, frontEndOf, image);
    live.run.position = journalLength(image);
    live.run.ended = isClosed(image.status);
    live.committedTail = image.tail.length;
    return live;
  }

  /** An async process rebuilt from its journal. What differs is in `run.bug`, as NONDETERMINISM. */
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
      // The journal was committed with this reason or none; the head says which.
      run.stuck = undefined;
      if (differences.length > 0 || run.bug) return differences;
    }
    return [];
  }

  /** Applies one fact and lets the user's code run until it waits again. What it threw is in `run.bug`. */
  async apply(received: RecordedFact): Promise<void> {
    const { run } = this;
    const fact = asNewestVersion(run, received);
    const { observer } = run.environment;
    const { pid } = run.image;
    openActivation(run);
    observer?.begun(pid);
    try {
      const heard = this.#frontEnd.hear(fact, applyFact(run, fact));
      observer?.yielded();
      await heard;
    } catch (error) {
      poison(run, error);
    }
    observer?.ended(pid);
    closeActivation(run);
  }
}

/** What a head still has of what was sent under a number: the inputs of open commands, and events that were just published. */
function heldBy({ commands, pendingSends: fires }: Image) {
  return (n: number): Json | undefined => commands.get(n)?.input ?? fires.find((fire) => fire.kind === 'event' && fire.n === n)?.data;
}
