import assert from 'node:assert/strict';
import { definitionName } from '../contract/catalogue.ts';
import type { CommandContract, EventContract, ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { serviceOfCommand } from '../contract/service.ts';
import { canonical } from '../contract/wire/json.ts';
import { buildPid, DEFAULT_TENANT, processOf } from '../contract/wire/process-id.ts';
import { actIdentity, identityOf } from '../core/identity.ts';
import type { Image, OpenCommand, StuckReason } from '../core/image.ts';
import { replyKey } from '../core/classify.ts';
import type { Inbound } from '../core/inbound.ts';
import type { ProcessRun } from '../core/run.ts';
import { earliestDue } from '../core/timers.ts';
import { isDecided } from '../engine/admit/admission.ts';
import { placeOf } from '../engine/user-frame.ts';
import { sha256 } from '../format/inbox-message.ts';
import { consequencesBefore, consequencesSince, markOf, NO_MARK, type IssuedCommands } from './activation.ts';
import type { Consequence } from './consequence.ts';
import type { FactParts } from './fact.ts';
import { Rehearsal } from './rehearsal.ts';

/** The limit ends a test whose process continues without letting time pass. */
const ACTIVATIONS_MAX = 100_000;

/** The facts of `given`, applied to one instance in memory. In: facts. Out: `consequences`. Trunk: `apply` → `#deliver` → `Rehearsal.deliver`. */
export class RehearsedFacts {
  /** The consequences of the facts, until the caller replaces the list. */
  consequences: Consequence[] = [];
  readonly #instance: Rehearsal;
  readonly #issued: IssuedCommands = new Map();
  /** Events that arrived before the start. */
  readonly #early: Inbound[] = [];
  /** Set after a bug: nothing more can be decided. */
  #stuck: StuckReason | undefined;
  #activations = 0;

  constructor(definition: ProcessContract) {
    const commands = new Map<string, CommandContract>();
    const environment = {
      system: 'test',
      commands,
      unlisted: (named: CommandContract) => takeIn(commands, named),
      hash: sha256,
      canonical,
      tickThresholdMs: Infinity,
      placeOf,
      checks: true,
    };
    this.#instance = new Rehearsal({ definition, environment });
  }

  async apply(fact: FactParts): Promise<void> {
    const instance = this.#instance;
    switch (fact.kind) {
      case 'happened':
        await this.#happened(fact.event, fact.data);
        break;
      case 'answered':
        await this.#answered(fact);
        break;
      case 'ended':
        await this.#ended(fact);
        break;
      case 'silent':
        await this.#silent(fact.command);
        break;
      case 'passed':
        await this.#pass(instance.now + fact.durationMs);
        break;
      case 'cancel-requested':
        await this.#cancel(fact.reason);
        break;
    }
    await this.#pass(instance.now);
  }

  async #happened(event: EventContract, data: Json): Promise<void> {
    const instance = this.#instance;
    const { name, startOn, receives } = instance.definition;
    const start = startOn.find((each) => each.event.type === event.type);
    const correlation = start ?? receives.find((each) => each.event.type === event.type);
    assert(correlation, `${event.type} happened, but ${name} neither starts on it nor receives it.`);
    const pid = buildPid(DEFAULT_TENANT, name, correlation.of(data as never));
    assert(pid !== undefined, `${event.type} gives no valid id for an instance of ${name}: ${JSON.stringify(data)}.`);
    const known = instance.run?.image.pid ?? pid;
    assert(pid === known, `${event.type} happened to ${pid}, but this test is about ${known}.`);
    instance.pid = pid;
    const time = new Date(instance.now).toISOString();
    const carried = instance.carried(start ? 's' : 'x');
    const identity = identityOf(sha256, { pid, event: event.type, id: carried.id });
    const common = { ...carried, identity, event: event.type, source: event.owner, time, data };
    if (start) await this.#deliver({ ...common, kind: 'start', definition: definitionName(instance.definition) });
    else await this.#deliver({ ...common, kind: 'signal' });
  }

  async #cancel(reason: string): Promise<void> {
    const { definition, run } = this.#instance;
    assert(run, `A cancel of ${definition.name} was requested before it was started.`);
    const { pid } = run.image;
    const carried = this.#instance.carried('o');
    const identity = actIdentity(sha256, pid, carried.id);
    await this.#deliver({ ...carried, identity, kind: 'operate', act: 'cancel', reason, by: 'test' });
  }

  async #answered({ command: { name }, outcome, data, nth }: Extract<FactParts, { kind: 'answered' }>): Promise<void> {
    const { n, run } = nth === undefined ? this.#oldest(name) : this.#nth(name, nth);
    await this.#reply(n, run, outcome, data);
  }

  async #ended({ process, outcome, data, nth = 1 }: Extract<FactParts, { kind: 'ended' }>): Promise<void> {
    const image = this.#image(`The child ${process} ended`);
    const open = this.#openCommands().filter(({ owner }) => owner !== undefined && processOf(owner) === process);
    const child = open[nth - 1];
    assert(child, `The child ${process} ended, but ${open.length} of them are open: expected at least ${nth}.`);
    await this.#reply(child.n, image.run, outcome, data);
  }

  async #reply(n: number, run: string, outcome: 'completed' | 'failed' | 'cancelled', data: Json): Promise<void> {
    await this.#deliver({
      ...this.#instance.carried('r'),
      kind: 'reply',
      key: replyKey(run, n, outcome),
      run,
      n,
      outcome,
      retryable: false,
      data,
    });
  }

  /** The oldest open command of this name, or one that was dropped and whose reply is late. */
  #oldest(name: string): { readonly n: number; readonly run: string } {
    const image = this.#image(`${name} was answered`);
    const [open] = this.#open(name);
    if (open) return { n: open.n, run: open.run ?? image.run };
    const late = image.tombstones.find((each) => each.command === name);
    assert(late, `${name} was answered, but no such command is open. ${this.#openText()}`);
    return late;
  }

  #nth(name: string, nth: number): { readonly n: number; readonly run: string } {
    const { pid, chain } = this.#image(`${name} was answered`);
    const { run } = this.#image(`${name} was answered`);
    // The calls of all runs that `ctx.continueAsNew` has joined are counted together.
    const ids = [...this.#issued]
      .filter(([id, command]) => command === name && id.startsWith(chain ? `${pid}/` : `${pid}/${run}/`))
      .map(([id]) => id);
    const id = ids[nth - 1];
    assert(id !== undefined, `Call ${nth} of ${name} was answered, but it was called ${ids.length} times. ${this.#openText()}`);
    const [of = run, n] = id.slice(pid.length + 1).split('/');
    return { n: Number(n), run: of };
  }

  #open(name: string): OpenCommand[] {
    return this.#openCommands().filter((each) => each.command === name);
  }

  #openText(): string {
    const open = this.#openCommands().map((each) => each.command);
    return open.length === 0 ? `${this.#instance.definition.name} has no open command.` : `Open commands: ${open.join(', ')}.`;
  }

  #openCommands(): OpenCommand[] {
    return [...(this.#instance.run?.image.commands.values() ?? [])];
  }

  #image(what: string): Image {
    this.#refuseStuck();
    const { run, definition } = this.#instance;
    assert(run, `${what}, but ${definition.name} was not started.`);
    return run.image;
  }

  /** Lets time pass without a reply until the command is settling; then the service replies `cancelled`, because it never started it. */
  async #silent({ name }: CommandContract): Promise<void> {
    const image = this.#image(`${name} stayed silent`);
    const [open] = this.#open(name);
    const n = open?.n;
    assert(n !== undefined, `${name} stayed silent, but no such command is open. ${this.#openText()}`);
    for (let command = image.commands.get(n); command && !command.settling && this.#running; command = image.commands.get(n))
      await this.#pass(this.#due());
    if (image.commands.has(n) && this.#running) await this.#reply(n, open?.run ?? image.run, 'cancelled', null);
  }

  /** Fires every timer that is due until `instant`, each at its own time. */
  async #pass(instant: number): Promise<void> {
    const instance = this.#instance;
    for (let due = this.#due(); due <= instant && this.#running; due = this.#due()) {
      instance.now = Math.max(instance.now, due);
      const { run, tickAt = due } = instance.image;
      await this.#deliver({ ...instance.carried('t'), kind: 'tick', key: `t:${run}:${tickAt}`, run, tickAt });
    }
    instance.now = Math.max(instance.now, instant);
  }

  get #running(): boolean {
    return this.#stuck === undefined && this.#instance.run?.image.status === 'running';
  }

  #due(): number {
    const { run } = this.#instance;
    return run ? earliestDue(run) : Infinity;
  }

  async #deliver(inbound: Inbound): Promise<void> {
    const instance = this.#instance;
    const { name } = instance.definition;
    this.#activations += 1;
    assert(
      this.#activations <= ACTIVATIONS_MAX,
      `${name} was activated ${ACTIVATIONS_MAX} times: expected it to wait for an event or to end.`,
    );
    this.#refuseStuck();
    const before = instance.run;
    const mark = before && markOf(before);
    const verdict = await instance.deliver(inbound);
    if (verdict === 'early') this.#early.push(inbound);
    if (verdict === 'park') this.#refuseStuck(instance.image.stuck);
    // All other verdicts change nothing, as in production.
    if (!isDecided(verdict)) return;
    if (instance.bug) {
      // A bug commits nothing of the event.
      this.#stuck = instance.bug;
      this.consequences.push({ kind: 'isStuck', code: instance.bug.code, message: instance.bug.message });
      return;
    }
    const run = instance.run as ProcessRun;
    const since = mark && run === before ? mark : NO_MARK;
    for (const [i, { run: ended, entries }] of instance.past.entries()) {
      const from = i === 0 && mark ? mark.entries : 0;
      const decided = await instance.readEntries(entries.slice(from));
      this.consequences.push(...consequencesBefore(run, ended, decided, this.#issued));
    }
    this.consequences.push(...consequencesSince(run, since, await instance.readJournal(run.image, since.entries), this.#issued));
    if (inbound.kind === 'start') for (const early of this.#early.splice(0)) await this.#deliver(early);
  }

  #refuseStuck(stuck = this.#stuck): void {
    const { name } = this.#instance.definition;
    assert(!stuck, `${name} is stuck, so the fact would wait until it is resumed: ${stuck?.code}, ${stuck?.message}`);
  }
}

/** Adds a command that the process names, and the other commands of its service, because one of them may be its undo. */
function takeIn(commands: Map<string, CommandContract>, named: CommandContract): CommandContract {
  for (const [name, contract] of serviceOfCommand(named).commands) commands.set(name, contract);
  return named;
}
