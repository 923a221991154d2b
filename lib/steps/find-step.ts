import { Catalogue } from '../contract/catalogue.ts';
import { DataLost } from '../contract/errors.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { stepText, type StepTask } from '../contract/steps.ts';
import { systemContract, type System } from '../contract/system.ts';
import { canonical } from '../contract/wire/json.ts';
import { newImage } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { definitionAfter, isFact } from '../core/replay.ts';
import type { ActivationObserver, RunEnvironment } from '../core/run.ts';
import { StepBodies } from '../core/step-bodies.ts';
import { LiveInstance } from '../engine/advance/live-instance.ts';
import { RejectionWatch, turnOver } from '../engine/advance/suspects.ts';
import { pastOf } from '../format/head-codec.ts';
import { readEntries, textsOfRun } from '../format/read-journal.ts';
import { sha256 } from '../format/inbox-message.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import { frontEndOf } from '../process/front-end.ts';
import { noteCombined, refuseOpenSteps } from './combined-steps.ts';

/** The stores from which the runner reads journals. It reads heads with strong consistency. */
export interface JournalSource {
  readonly store: Pick<ProcessStore, 'load' | 'chunks'>;
  readonly payloads: Pick<PayloadStore, 'get'>;
  /** Is notified of the activations of each replay. @default no observer */
  readonly observer?: ActivationObserver;
}

/** A step of one run, by its path. */
export interface StepPlace {
  readonly pid: string;
  readonly run: string;
  readonly step: string;
}

/** The functions that the process passed to `ctx.run`, with the variables that they have captured. */
export interface FoundStep {
  readonly body: (task: StepTask) => Promise<unknown>;
  readonly undo: ((output: Json, task: StepTask) => Promise<unknown>) | undefined;
}

/** Why this build cannot run the step, as the end of a sentence. Another build may be able to. */
export interface StepMissing {
  readonly fault: string;
}

/**
 * Finds the functions of a step. In: the place of the step, and the stores. Out: its functions, or why this build has none.
 * It replays the journal to the end of the activation that issued the step, so each run of a step sees the same captured values.
 */
export class StepFinder {
  readonly #catalogue: Catalogue;
  readonly #source: JournalSource;
  readonly #rejections = new RejectionWatch();
  /** Ends with the last replay that has begun. */
  #replaying: Promise<unknown> = Promise.resolve();

  constructor(system: System<string>, source: JournalSource) {
    this.#catalogue = new Catalogue(systemContract(system));
    this.#source = source;
  }

  async find(place: StepPlace): Promise<FoundStep | StepMissing> {
    const { pid, run, step } = place;
    const journal = await this.#journal(pid, run);
    const until = endOfActivation(journal?.entries ?? [], step);
    if (!journal || until === undefined) return { fault: `the journal of ${pid}, run ${run}, has no step ${stepText(step)}` };
    const definition = this.#catalogue.definition(journal.definition);
    const { name } = this.#catalogue.system;
    if (!definition)
      return { fault: `the step ${stepText(step)} belongs to ${journal.definition}, which this build of ${name} does not list` };
    return this.#replay(definition, place, journal.entries.slice(0, until));
  }

  /** One replay at a time, so that an unhandled rejection is of this one. */
  #replay(definition: ProcessContract, place: StepPlace, entries: readonly JournalEntry[]): Promise<FoundStep | StepMissing> {
    const found = this.#replaying.then(() => this.#watched(definition, place, entries));
    this.#replaying = found.catch(() => undefined);
    return found;
  }

  /**
   * Without the watch, a promise that the code leaves rejected would end the function, with all other steps that run in it. A body that
   * runs meanwhile may have left it, so the code is replayed once more.
   */
  async #watched(definition: ProcessContract, place: StepPlace, entries: readonly JournalEntry[]): Promise<FoundStep | StepMissing> {
    const rejections = this.#rejections;
    rejections.begin();
    try {
      for (let tries = 1; ; tries += 1) {
        const before = rejections.count;
        const found = await this.#replayed(definition, place, entries);
        await turnOver();
        if (rejections.count === before) return found;
        if (tries === 2)
          return missing(
            definition,
            place,
            `A promise of the process was rejected, and nothing handles it: ${String(rejections.attribute())}.`,
          );
      }
    } finally {
      rejections.end();
    }
  }

  async #replayed(definition: ProcessContract, place: StepPlace, entries: readonly JournalEntry[]): Promise<FoundStep | StepMissing> {
    const { pid, run, step } = place;
    const bodies = new StepBodies();
    const [start] = entries;
    const image = newImage(pid, run, `${definition.name}@${definition.version}`, start !== undefined && 'at' in start ? start.at : 0);
    const live = await this.#live({ definition, environment: this.#environment(bodies), frontEndOf }, image, entries);
    const found = live.run.bug ? undefined : bodies.at(step);
    if (!found) return missing(definition, place, live.run.bug?.message ?? 'its code does not call ctx.run at this place.');
    bodies.lend(step);
    await refuseOpenSteps(live.run.root, (path) => bodies.awaited(path));
    return found as FoundStep;
  }

  async #live(...replay: Parameters<typeof LiveInstance.replayed>): Promise<LiveInstance> {
    const putBack = noteCombined();
    try {
      return await LiveInstance.replayed(...replay);
    } finally {
      putBack();
    }
  }

  async #journal(
    pid: string,
    run: string,
  ): Promise<{ readonly definition: string; readonly entries: readonly JournalEntry[] } | undefined> {
    const { store } = this.#source;
    const [head] = await store.load([pid], { consistent: true });
    if (!head) return undefined;
    const texts = await textsOfRun(store, { ...head, past: pastOf(head) }, run);
    const entries = await readEntries(texts, (hash) => this.#payload(pid, hash));
    const named = definitionAfter(entries);
    return named && { definition: head.run === run ? head.definition : named.definition, entries };
  }

  async #payload(pid: string, hash: string): Promise<Json> {
    const json = await this.#source.payloads.get(pid, hash);
    if (json !== undefined) return JSON.parse(json) as Json;
    throw new DataLost('PAYLOAD_MISSING', `The payload store has no value ${hash}, which the journal of ${pid} refers to.`);
  }

  #environment(steps: StepBodies): RunEnvironment {
    const { name, commands } = this.#catalogue.system;
    // The engine has checked these decisions already.
    const { observer } = this.#source;
    return {
      system: name,
      commands,
      hash: sha256,
      canonical,
      tickThresholdMs: Infinity,
      checks: false,
      steps,
      ...(observer && { observer }),
    };
  }
}

/** The number of entries up to the end of the activation in which the code called `ctx.run`. A later number of the step is a retry. */
function endOfActivation(entries: readonly JournalEntry[], step: string): number | undefined {
  const issued = entries.findIndex((entry) => entry.type === 'CommandIssued' && entry.path === step);
  if (issued === -1) return undefined;
  const next = entries.findIndex((entry, index) => index > issued && isFact(entry));
  return next === -1 ? entries.length : next;
}

function missing({ name }: ProcessContract, { pid, step }: StepPlace, why: string): StepMissing {
  return { fault: `this build of ${name} does not reach the step ${stepText(step)} of ${pid}: ${why.replace(/\.$/, '')}` };
}
