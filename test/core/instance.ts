import assert from 'node:assert/strict';
import { system, type AnyEvent, type AnyProcess, type AnyService, type Json } from 'tutti';
import { canonical } from '../../lib/contract/wire/canonical.ts';
import type { Outcome } from '../../lib/contract/wire/envelope.ts';
import { milliseconds, type Duration } from '../../lib/contract/duration.ts';
import { processContract } from '../../lib/contract/process-contract.ts';
import type { CommandContract, ProcessContract } from '../../lib/contract/runtime-contract.ts';
import { serviceContract } from '../../lib/contract/service.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { classify, type Verdict } from '../../lib/core/classify.ts';
import { isClosed, newImage, type Image, type OpenCommand, type StuckReason } from '../../lib/core/image.ts';
import { actIdentity, identityOf } from '../../lib/core/identity.ts';
import { type Inbound, type OperationKind, type ReplyInbound, type Resolution } from '../../lib/core/inbound.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { RunEnvironment } from '../../lib/core/run.ts';
import { earliestDue } from '../../lib/core/timers.ts';
import { definitionName } from '../../lib/contract/catalogue.ts';
import { decideEvent } from '../../lib/engine/advance/decide.ts';
import { sha256 } from '../../lib/format/sha256.ts';
import { decodeHead, encodeControl, encodeHead, resolveReferences } from '../../lib/format/head-codec.ts';
import { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { readEntries } from '../../lib/format/read-journal.ts';
import { placeOf } from '../../lib/engine/user-frame.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { services as tripServices } from './trip-contracts.ts';

export interface InstanceOptions {
  /** @default those of trip-contracts.ts */
  readonly services?: readonly AnyService[];
  /** Misuse is a bug. @default true */
  readonly checks?: boolean;
  /** A bug names the line of the user's code. @default false */
  readonly places?: boolean;
  /** @default 15 minutes */
  readonly tickHorizonMs?: number;
  /** Decides each event on a copy that is rebuilt from the journal too, and compares. @default true */
  readonly compare?: boolean;
}

/** The last error of a handler, in the form of a service's reply. */
const LAST_ERROR = { type: 'Technical', message: 'Out of order.', data: null };

const START = Date.parse('2026-01-01T00:00:00.000Z');

/**
 * One instance of a process in the kernel of production, without an engine. Tests deliver events and read its decisions. Each event is
 * decided twice, live and on a copy that is rebuilt from the journal; both must give the same bytes.
 */
export class Instance {
  now = START;
  /** Why the last event could not be applied. Nothing of that event was committed. */
  bug: StuckReason | undefined;
  readonly payloads = new Map<string, string>();
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  readonly #id: string;
  readonly #pid: string;
  readonly #compares: boolean;
  #live: LiveInstance | undefined;
  #head: Head | undefined;
  #ids = 0;

  constructor(process: AnyProcess, options: InstanceOptions = {}, id = 'a') {
    this.definition = processContract(process);
    const contract = systemContract(system('trips', { processes: [process], services: options.services ?? tripServices }));
    this.environment = {
      system: contract.name,
      commands: contract.commands,
      hash: sha256,
      canonical,
      tickThresholdMs: options.tickHorizonMs ?? 900_000,
      checks: options.checks ?? true,
      ...(options.places === true && { placeOf }),
    };
    this.#id = id;
    this.#pid = `default#${this.definition.name}#${id}`;
    this.#compares = options.compare ?? true;
  }

  get image(): Image {
    assert(this.#live, 'The instance was not started.');
    return this.#live.run.image;
  }

  /** Sets the index of the next entry, as after many events. A copy from the journal would have the real index. */
  ages(position: number): void {
    assert(this.#live && !this.#compares);
    this.#live.run.position = position;
  }

  get head(): Head {
    assert(this.#head, 'Nothing was committed.');
    return this.#head;
  }

  get status(): string {
    return this.image.status;
  }

  get journal(): JournalEntry[] {
    return this.image.tail.map((text) => JSON.parse(text) as JournalEntry);
  }

  /** Entry types from entry `from` on, each with its path if it has one. */
  trace(from = 0): string[] {
    return this.journal.slice(from).map((entry) => ('path' in entry && entry.path !== '' ? `${entry.type} ${entry.path}` : entry.type));
  }

  /** Entries of one type. */
  entries<T extends JournalEntry['type']>(type: T): Extract<JournalEntry, { type: T }>[] {
    return this.journal.filter((entry) => entry.type === type) as never;
  }

  /** The open commands by name, in the order of their numbers. Undos and settling commands are marked. */
  open(): string[] {
    return this.commands().map(
      ({ command, mode, settling }) => `${command}${mode === 'call' ? '' : ` (${mode})`}${settling ? ` (settling: ${settling})` : ''}`,
    );
  }

  commands(): OpenCommand[] {
    return [...this.image.commands.values()].toSorted((a, b) => a.n - b.n);
  }

  /** Data of the events that the last commit published. */
  published(): unknown[] {
    return this.image.pendingSends.filter((fire) => fire.kind === 'event').map((fire) => fire.data);
  }

  command(name: string): OpenCommand {
    const found = this.commands().find((command) => command.command === name);
    assert(found, `${name} is not open; open are ${this.open().join(', ') || 'none'}.`);
    return found;
  }

  /** Pending timers: path and milliseconds from now. */
  timers(): string[] {
    return [...this.image.timers.values()].map(({ path, due }) => `${path} in ${due - this.image.clock} ms`);
  }

  async starts(
    event: AnyEvent,
    data: Record<string, Json> = {},
    options: { readonly id?: string; readonly onOpen?: 'reject' | 'attach' | 'signal' } = {},
  ): Promise<Verdict> {
    const { id, ...carried } = this.#carried('s', options.id);
    return this.deliver({
      ...carried,
      kind: 'start',
      id,
      identity: identityOf(sha256, { pid: this.#pid, event: event.type, id }),
      event: event.type,
      source: 'shop',
      time: this.#time(),
      data: { id: this.#id, ...data },
      definition: definitionName(this.definition),
      ...(options.onOpen && { onOpen: options.onOpen }),
    });
  }

  async happens(
    event: AnyEvent,
    data: Record<string, Json> = {},
    options: { readonly id?: string; readonly time?: string } = {},
  ): Promise<Verdict> {
    const { id, ...carried } = this.#carried('x', options.id);
    return this.deliver({
      ...carried,
      kind: 'signal',
      id,
      identity: identityOf(sha256, { pid: this.#pid, event: event.type, id }),
      event: event.type,
      source: 'shop',
      time: options.time ?? this.#time(),
      data: { id: this.#id, ...data },
    });
  }

  completes(name: string, data: Json = null): Promise<Verdict> {
    return this.answers(this.command(name), 'completed', data);
  }

  fails(name: string, type: string, data: Json = {}): Promise<Verdict> {
    return this.answers(this.command(name), 'failed', { type, message: `${name} says ${type}.`, data });
  }

  /** The command fails for a technical reason and may be tried again. */
  breaksDown(name: string, { attempts }: { readonly attempts?: number } = {}): Promise<Verdict> {
    const { n } = this.command(name);
    return this.replies({
      run: this.image.run,
      n,
      outcome: 'failed',
      data: LAST_ERROR,
      retryable: true,
      ...(attempts !== undefined && { attempts }),
    });
  }

  /** The service replies that the outcome is unknown, after `attempts` runs. */
  isUnknown(name: string, attempts = 2): Promise<Verdict> {
    const { n } = this.command(name);
    return this.replies({ run: this.image.run, n, outcome: 'unknown', data: LAST_ERROR, retryable: false, attempts });
  }

  answers(
    command: { readonly n: number; readonly run?: string },
    outcome: Outcome,
    data: Json = null,
    retryable = false,
  ): Promise<Verdict> {
    return this.replies({ run: command.run ?? this.image.run, n: command.n, outcome, data, retryable });
  }

  async replies(reply: Pick<ReplyInbound, 'run' | 'n' | 'outcome' | 'data' | 'retryable' | 'attempts' | 'dataversion'>): Promise<Verdict> {
    const { id: _id, ...carried } = this.#carried('r');
    return this.deliver({ ...carried, key: `r:${reply.run}:${reply.n}`, kind: 'reply', ...reply });
  }

  async operates(
    act: OperationKind,
    options: { readonly id?: string; readonly skip?: string; readonly step?: string; readonly resolution?: Resolution } = {},
  ): Promise<Verdict> {
    const { id: _id, ...asked } = options;
    const { id, ...carried } = this.#carried('o', options.id);
    return this.deliver({
      ...carried,
      kind: 'operate',
      id,
      identity: actIdentity(sha256, this.#pid, id),
      act,
      reason: 'because',
      by: 'Ann',
      ...asked,
    });
  }

  async ticks(tickAt: number, run = this.image.run): Promise<Verdict> {
    const { id: _id, ...carried } = this.#carried('t');
    return this.deliver({ ...carried, key: `t:${run}:${tickAt}`, kind: 'tick', run, tickAt });
  }

  /** Lets time pass. Each tick of the instance comes at its instant. */
  async passes(duration: Duration): Promise<void> {
    const until = this.now + milliseconds(duration);
    for (let wake = this.wakeAt(); wake <= until && this.status !== 'stuck'; wake = this.wakeAt()) {
      this.now = Math.max(this.now, wake);
      await this.ticks(wake);
      if (this.bug) break;
    }
    this.now = until;
  }

  /** The instant of the tick that is in flight, or in the due index. */
  wakeAt(): number {
    return Math.min(this.image.tickAt ?? Infinity, this.image.due ?? Infinity);
  }

  /** The next wake-up of the live copy. */
  earliestDue(): number {
    assert(this.#live);
    return earliestDue(this.#live.run);
  }

  /** Replaces the live copy by one that is rebuilt from the stored state, as a worker without a cache does. */
  async reload(code?: AnyProcess): Promise<void> {
    this.#live = await this.rebuilt(code);
  }

  /** Deploys other contracts under the same names. */
  async deploys(...services: readonly AnyService[]): Promise<void> {
    const commands = this.environment.commands as Map<string, CommandContract>;
    for (const { commands: listed } of services.map(serviceContract)) for (const [name, contract] of listed) commands.set(name, contract);
    await this.reload();
  }

  /** Removes `asked` and the versions of inputs, which older releases did not write, and reloads. */
  async storedByOlderRelease(): Promise<void> {
    const without = (name: string) => (text: string) =>
      JSON.stringify(JSON.parse(text, (key, value: unknown) => (key === name ? undefined : value)));
    this.#head = { ...this.head, tail: this.head.tail.map(without('asked')), control: without('version')(this.head.control) };
    await this.reload();
  }

  /** A copy that is rebuilt from the stored state, on this code. A difference is in its `run.bug`. */
  async rebuilt(code?: AnyProcess): Promise<LiveInstance> {
    const definition = code ? processContract(code) : this.definition;
    const image = decodeHead(JSON.parse(JSON.stringify(this.head)) as Head);
    const read = (hash: string): Promise<Json> => Promise.resolve(JSON.parse(this.payloads.get(hash) ?? 'null') as Json);
    await resolveReferences(image, (_pid, hash) => read(hash));
    if (definition.kind === 'decider' || isClosed(image.status))
      return LiveInstance.decoded(definition, this.environment, frontEndOf, image);
    return LiveInstance.replayed(definition, this.environment, frontEndOf, image, await readEntries(image.tail, read));
  }

  /** The differences between a journal and its replay on this code. */
  async differences(journal: readonly JournalEntry[]): Promise<readonly string[]> {
    const { pid, run } = this.image;
    return (await replayEntries(this.definition, this.environment, frontEndOf, pid, run, journal)).differences;
  }

  /** Classifies an event, and decides on it if it applies. It makes one commit, or none after a bug. */
  async deliver(inbound: Inbound): Promise<Verdict> {
    const verdict = classify(this.#live?.run.image, inbound, this.definition);
    if (verdict !== 'apply' && verdict !== 'reject' && verdict !== 'restart') return verdict;
    const live = this.#live && verdict !== 'restart' ? this.#live : this.#begun(inbound);
    const cold = live === this.#live && this.#compares ? await this.rebuilt() : undefined;
    await decide(live, inbound, verdict);
    if (cold) {
      await decide(cold, inbound, verdict);
      assert.equal(stateText(cold), stateText(live), 'A copy rebuilt from the journal decides otherwise.');
    }
    this.bug = live.run.bug;
    if (this.bug) this.#live = this.#head && (await this.rebuilt());
    else this.#commit(live);
    return verdict;
  }

  #begun(inbound: Inbound): LiveInstance {
    assert(inbound.kind === 'start');
    const image = newImage(this.#pid, inbound.identity, definitionName(this.definition), this.now);
    const before = this.#live?.run.image;
    if (before)
      Object.assign(image, {
        version: before.version,
        signals: before.signals,
        starts: [...before.starts, before.run],
        tombstones: before.tombstones,
      });
    return new LiveInstance(this.definition, this.environment, frontEndOf, image);
  }

  #commit(live: LiveInstance): void {
    const { run } = live;
    if (run.stuck) {
      run.image.stuck = { ...run.stuck, was: run.image.status };
      run.image.status = 'stuck';
      run.stuck = undefined;
    }
    for (const [hash, text] of run.payloads) this.payloads.set(hash, text);
    run.image.version += 1;
    this.#live = live;
    this.#head = encodeHead(run.image, '', encodeControl(run.image));
  }

  #carried(
    kind: string,
    id = `${kind}${(this.#ids += 1)}`,
  ): {
    readonly id: string;
    readonly key: string;
    readonly messageId: string;
    readonly forced: false;
    readonly at: number;
    readonly hops: 1;
  } {
    return { id, key: `${kind}:${id}`, messageId: `m-${id}`, forced: false, at: this.now, hops: 1 };
  }

  #time(): string {
    return new Date(this.now).toISOString();
  }
}

const decide = async (live: LiveInstance, inbound: Inbound, verdict: Verdict): Promise<void> => {
  // The engine has sent the pending sends of the commit before.
  live.run.image.pendingSends = [];
  if (!live.run.bug) await decideEvent(live, inbound, verdict === 'reject');
};

/** Everything that a commit would store. */
export const stateText = ({ run }: LiveInstance): string =>
  [run.bug ? run.bug.message : encodeControl(run.image), JSON.stringify(run.stuck), ...(run.bug ? [] : run.image.tail)].join('\n');
