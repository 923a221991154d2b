import assert from 'node:assert/strict';
import { definitionName } from '../contract/catalogue.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { classify, type Verdict } from '../core/classify.ts';
import { isClosed, newImage, type Image, type PastTail, type StuckReason } from '../core/image.ts';
import type { Inbound } from '../core/inbound.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { ProcessRun, RunEnvironment } from '../core/run.ts';
import { stillWaiting } from '../core/waiting.ts';
import { isDecided } from '../engine/admit/admission.ts';
import { decideEvent } from '../engine/advance/decide.ts';
import { LiveInstance } from '../engine/advance/live-instance.ts';
import { decodeHead, encodeControl, encodeHead, resolveReferences } from '../format/head-codec.ts';
import { readEntries } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import { frontEndOf } from '../process/front-end.ts';
import { nondeterminism } from './nondeterminism.ts';

export interface RehearsalOptions {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  /** Decides each event on a copy that is rebuilt from the journal too, and compares. @default true */
  readonly compare?: boolean;
}

/**
 * One instance in memory: the kernel, the storage format and the front end of production, without the rest of the engine. In: inbound events.
 * Out: their verdicts, and the state that a commit would store. Each event is decided twice, on the live copy and on a copy that is rebuilt
 * from the stored state. lib/testing/rehearsed-facts.ts applies the facts of `given`; test/core/instance.ts has the words of the kernel's tests.
 */
export class Rehearsal {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  /** Stored values by hash. */
  readonly payloads = new Map<string, string>();
  now = Date.parse('2026-01-01T00:00:00.000Z');
  /** The id of the instance; set before its start. */
  pid = '';
  /** The entries of runs that ended by `ctx.continueAsNew` at the last event. The first of them begins with that run's own start. */
  past: readonly PastTail[] = [];
  /** Why the last event could not be applied. Nothing of that event was committed. */
  bug: StuckReason | undefined;
  protected live: LiveInstance | undefined;
  protected stored: Head | undefined;
  readonly #compares: boolean;
  #ids = 0;

  constructor({ definition, environment, compare = true }: RehearsalOptions) {
    this.definition = definition;
    this.environment = environment;
    this.#compares = compare;
  }

  /** The run of the live copy; undefined before the start. */
  get run(): ProcessRun | undefined {
    return this.live?.run;
  }

  get image(): Image {
    assert(this.live, 'The instance was not started.');
    return this.live.run.image;
  }

  /** The members that every inbound event has. `kind`: the prefix of its key. */
  carried(
    kind: string,
    id = `${kind}${(this.#ids += 1)}`,
  ): Pick<Inbound, 'key' | 'messageId' | 'forced' | 'at' | 'hops'> & { readonly id: string } {
    return { id, key: `${kind}:${id}`, messageId: `m-${id}`, forced: false, at: this.now, hops: 1 };
  }

  /** Classifies an event, and decides on it if it applies. It makes one commit, or none after a bug. */
  async deliver(inbound: Inbound): Promise<Verdict> {
    const verdict = classify(this.live?.run.image, inbound, this.definition);
    if (!isDecided(verdict)) return verdict;
    const known = verdict === 'restart' ? undefined : this.live;
    const live = known ?? this.#begin(inbound);
    const cold = this.#compares ? await (known ? this.rebuild() : this.#begin(inbound)) : undefined;
    await decide(live, inbound, verdict);
    if (cold) {
      await decide(cold, inbound, verdict);
      await this.#compare(live, cold);
    }
    this.bug = live.run.bug;
    if (this.bug) this.live = this.stored && (await this.rebuild());
    else this.#commit(live);
    return verdict;
  }

  /** A copy that is rebuilt from the stored state. If the code decides otherwise, the difference is in its `run.bug`. */
  async rebuild(definition = this.definition): Promise<LiveInstance> {
    const image = decodeHead(JSON.parse(JSON.stringify(this.stored)) as Head);
    await resolveReferences(image, (_pid, hash) => this.#read(hash));
    const code = { definition, environment: this.environment, frontEndOf };
    if (definition.kind === 'decider' || isClosed(image.status)) return LiveInstance.decoded(code, image);
    return LiveInstance.replayed(code, image, await this.readJournal(image));
  }

  /** Journal entries from entry `from` on, with their stored values. */
  readJournal(image = this.image, from = 0): Promise<JournalEntry[]> {
    return this.readEntries(image.tail.slice(from));
  }

  /** Entries with their stored values. */
  readEntries(texts: readonly string[]): Promise<JournalEntry[]> {
    return readEntries(texts, (hash) => this.#read(hash));
  }

  #begin(inbound: Inbound): LiveInstance {
    assert(inbound.kind === 'start');
    const image = newImage(this.pid, inbound.identity, definitionName(this.definition), this.now);
    const before = this.live?.run.image;
    if (before) {
      const { version, signals, starts, run, tombstones } = before;
      const waiting = stillWaiting(before, inbound.identity);
      Object.assign(image, structuredClone({ version, signals, starts: [...starts, run], tombstones, ...(waiting && { waiting }) }));
    }
    return new LiveInstance({ definition: this.definition, environment: this.environment, frontEndOf }, image);
  }

  async #compare(live: LiveInstance, cold: LiveInstance): Promise<void> {
    if (stateText(live) === stateText(cold)) return;
    const { definition, environment } = this;
    const { image } = live.run;
    for (const [hash, text] of live.run.payloads) this.payloads.set(hash, text);
    const journal = await this.readJournal(image);
    throw await nondeterminism({ definition, environment, image, journal, live: stateOf(live), rebuilt: stateOf(cold) });
  }

  #commit(live: LiveInstance): void {
    const { run } = live;
    if (run.stuck) {
      run.image.stuck = { ...run.stuck, was: run.image.status };
      run.image.status = 'stuck';
      run.stuck = undefined;
    }
    for (const [hash, text] of run.payloads) this.payloads.set(hash, text);
    this.past = live.past.splice(0);
    run.image.version += 1;
    this.live = live;
    this.stored = encodeHead(run.image, '', encodeControl(run.image));
  }

  #read(hash: string): Promise<Json> {
    return Promise.resolve(JSON.parse(this.payloads.get(hash) ?? 'null') as Json);
  }
}

async function decide(live: LiveInstance, inbound: Inbound, verdict: Verdict): Promise<void> {
  // The engine has sent the pending sends of the commit before.
  live.run.image.pendingSends = [];
  if (!live.run.bug) await decideEvent(live, inbound, verdict);
}

/** Everything that a commit would store, as one text. */
function stateText({ run, past }: LiveInstance): string {
  const { bug, image, skipped, stuck } = run;
  return [
    bug ? bug.message : encodeControl(image),
    JSON.stringify([stuck, skipped, past.at(-1)?.entries.at(-1)]),
    ...(bug ? [] : image.tail),
  ].join('\n');
}

function stateOf({ run }: LiveInstance): Json {
  if (run.bug) return { bug: run.bug.message };
  const { image, skipped } = run;
  return { control: JSON.parse(encodeControl(image)) as Json, tail: image.tail.map((entry) => JSON.parse(entry) as Json), skipped };
}
