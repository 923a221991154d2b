import assert from 'node:assert/strict';
import { system, type AnyEvent, type AnyProcess, type AnyService, type Json } from 'tutti';
import { definitionName } from '../../lib/contract/catalogue.ts';
import { milliseconds, type Duration } from '../../lib/contract/duration.ts';
import { processContract } from '../../lib/contract/process-contract.ts';
import type { CommandContract } from '../../lib/contract/runtime-contract.ts';
import { serviceContract } from '../../lib/contract/service.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import type { Outcome } from '../../lib/contract/wire/envelope.ts';
import type { Verdict } from '../../lib/core/classify.ts';
import { actIdentity, identityOf } from '../../lib/core/identity.ts';
import type { OpenCommand } from '../../lib/core/image.ts';
import type { OperationInbound, OperationKind, ReplyInbound } from '../../lib/core/inbound.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { earliestDue } from '../../lib/core/timers.ts';
import type { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { placeOf } from '../../lib/engine/user-frame.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Rehearsal } from '../../lib/testing/rehearsal.ts';
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

/** One instance of a process in the kernel of production, without an engine. Tests deliver events and read its decisions. */
export class Instance extends Rehearsal {
  readonly #id: string;
  readonly #compares: boolean;

  constructor(
    process: AnyProcess,
    { services = tripServices, checks = true, places = false, tickHorizonMs = 900_000, compare = true }: InstanceOptions = {},
    id = 'a',
  ) {
    const contract = systemContract(system('trips', { processes: [process], services }));
    const { name, commands } = contract;
    const environment = {
      system: name,
      commands,
      hash: sha256,
      canonical,
      tickThresholdMs: tickHorizonMs,
      checks,
      ...(places && { placeOf }),
    };
    super({ definition: processContract(process), environment, compare });
    this.pid = `default#${this.definition.name}#${id}`;
    this.#id = id;
    this.#compares = compare;
  }

  /** Sets the index of the next entry, as after many events. A copy from the journal would have the real index. */
  ages(position: number): void {
    assert(this.run && !this.#compares);
    this.run.position = position;
  }

  get head(): Head {
    assert(this.stored, 'Nothing was committed.');
    return this.stored;
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
    options: { readonly id?: string; readonly onOpen?: 'reject' | 'attach' | 'signal' | 'queue' | 'replace' } = {},
  ): Promise<Verdict> {
    const { id, ...carried } = this.carried('s', options.id);
    return this.deliver({
      ...carried,
      kind: 'start',
      id,
      identity: identityOf(sha256, { pid: this.pid, event: event.type, id }),
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
    const { id, ...carried } = this.carried('x', options.id);
    return this.deliver({
      ...carried,
      kind: 'signal',
      id,
      identity: identityOf(sha256, { pid: this.pid, event: event.type, id }),
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
    const { n, run = this.image.run } = this.command(name);
    return this.replies({
      run,
      n,
      outcome: 'failed',
      data: LAST_ERROR,
      retryable: true,
      ...(attempts !== undefined && { attempts }),
    });
  }

  /** The service replies that the outcome is unknown, after `attempts` runs. */
  isUnknown(name: string, attempts = 2): Promise<Verdict> {
    const { n, run = this.image.run } = this.command(name);
    return this.replies({ run, n, outcome: 'unknown', data: LAST_ERROR, retryable: false, attempts });
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
    const { id: _id, ...carried } = this.carried('r');
    return this.deliver({ ...carried, key: `r:${reply.run}:${reply.n}`, kind: 'reply', ...reply });
  }

  async operates(
    act: OperationKind,
    options: Partial<Pick<OperationInbound, 'id' | 'skip' | 'step' | 'resolution' | 'clock' | 'sender'>> = {},
  ): Promise<Verdict> {
    const { id: _id, ...asked } = options;
    const { id, ...carried } = this.carried('o', options.id);
    return this.deliver({
      ...carried,
      kind: 'operate',
      id,
      identity: actIdentity(sha256, this.pid, id),
      act,
      reason: 'because',
      by: 'Ann',
      ...asked,
    });
  }

  async ticks(tickAt: number, run = this.image.run): Promise<Verdict> {
    const { id: _id, ...carried } = this.carried('t');
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
    assert(this.run);
    return earliestDue(this.run);
  }

  /** Replaces the live copy by one that is rebuilt from the stored state, as a worker without a cache does. */
  async reload(code?: AnyProcess): Promise<void> {
    this.live = await this.rebuilt(code);
  }

  /** Deploys other contracts under the same names. */
  async deploys(...services: readonly AnyService[]): Promise<void> {
    const commands = this.environment.commands as Map<string, CommandContract>;
    for (const { commands: listed } of services.map(serviceContract)) for (const [name, contract] of listed) commands.set(name, contract);
    await this.reload();
  }

  /** The head of the stuck instance names an operation that it could not apply. */
  async hasRefused(id: string): Promise<void> {
    this.stored = { ...this.head, why: JSON.stringify({ ...this.image.stuck, refused: id }) };
    await this.reload();
  }

  /** Removes `asked` and the versions of inputs, which older releases did not write, and reloads. */
  async storedByOlderRelease(): Promise<void> {
    const without = (name: string) => (text: string) =>
      JSON.stringify(JSON.parse(text, (key, value: unknown) => (key === name ? undefined : value)));
    this.stored = { ...this.head, tail: this.head.tail.map(without('asked')), control: without('version')(this.head.control) };
    await this.reload();
  }

  /** A copy that is rebuilt from the stored state, on this code. A difference is in its `run.bug`. */
  rebuilt(code?: AnyProcess): Promise<LiveInstance> {
    return this.rebuild(code && processContract(code));
  }

  /** The differences between a journal and its replay on this code. */
  async differences(journal: readonly JournalEntry[]): Promise<readonly string[]> {
    const { pid, run } = this.image;
    return (await replayEntries({ definition: this.definition, environment: this.environment, frontEndOf, pid, run, entries: journal }))
      .differences;
  }

  #time(): string {
    return new Date(this.now).toISOString();
  }
}
