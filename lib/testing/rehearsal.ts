import assert from 'node:assert/strict';
import { canonical } from '../contract/wire/canonical.ts';
import { buildPid, DEFAULT_TENANT } from '../contract/wire/process-id.ts';
import type { CommandContract, EventContract, ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { serviceOfCommand } from '../contract/service.ts';
import { classify } from '../core/classify.ts';
import { newImage, type Image, type OpenCommand } from '../core/image.ts';
import { actIdentity, identityOf } from '../core/identity.ts';
import { replyKey, type Inbound } from '../core/inbound.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { RunEnvironment } from '../core/run.ts';
import { earliestDue } from '../core/timers.ts';
import { definitionName } from '../contract/catalogue.ts';
import { decideEvent } from '../engine/advance/decide.ts';
import { sha256 } from '../format/sha256.ts';
import { encodeControl } from '../format/head-codec.ts';
import { LiveInstance } from '../engine/advance/live-instance.ts';
import { readEntries } from '../format/read-journal.ts';
import { placeOf } from '../engine/user-frame.ts';
import { frontEndOf } from '../process/front-end.ts';
import { consequencesSince, markOf, type IssuedCommands } from './activation.ts';
import type { Consequence } from './consequence.ts';
import type { FactParts } from './fact.ts';
import { nondeterminism, nondeterministic } from './nondeterminism.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
/** The limit ends a test whose process continues without letting time pass. */
const ACTIVATIONS_MAX = 100_000;

/**
 * One instance in memory: applies facts and collects their consequences. It uses the kernel and the front end of production, without the rest
 * of the engine. Each activation is decided twice, on the warm copy and on a copy that is rebuilt from the journal.
 */
export class Rehearsal {
  /** The consequences of the facts, until the caller replaces the list. */
  consequences: Consequence[] = [];
  readonly #definition: ProcessContract;
  readonly #environment: RunEnvironment;
  readonly #issued: IssuedCommands = new Map();
  /** Events that arrived before the start. */
  readonly #early: Inbound[] = [];
  #live: LiveInstance | undefined;
  #now = START;
  #ids = 0;
  #activations = 0;

  constructor(definition: ProcessContract) {
    const commands = new Map<string, CommandContract>();
    this.#definition = definition;
    this.#environment = {
      system: 'test',
      commands,
      unlisted: (named) => takeIn(commands, named),
      hash: sha256,
      canonical,
      tickThresholdMs: Infinity,
      placeOf,
      checks: true,
    };
  }

  async apply(fact: FactParts): Promise<void> {
    switch (fact.kind) {
      case 'happened':
        await this.#happened(fact.event, fact.data);
        break;
      case 'answered':
        await this.#answered(fact);
        break;
      case 'silent':
        await this.#silent(fact.command);
        break;
      case 'passed':
        await this.#pass(this.#now + fact.durationMs);
        break;
      case 'cancel-requested':
        assert(this.#live, `A cancel of ${this.#definition.name} was requested before it was started.`);
        await this.#cancel(fact.reason, this.#live.run.image.pid);
        break;
    }
    await this.#pass(this.#now);
  }

  async #happened(event: EventContract, data: Json): Promise<void> {
    const { name, startOn, receives } = this.#definition;
    const start = startOn.find((each) => each.event.type === event.type);
    const correlation = start ?? receives.find((each) => each.event.type === event.type);
    assert(correlation, `${event.type} happened, but ${name} neither starts on it nor receives it.`);
    const pid = buildPid(DEFAULT_TENANT, name, correlation.of(data as never));
    assert(pid !== undefined, `${event.type} gives no valid id for an instance of ${name}: ${JSON.stringify(data)}.`);
    const known = this.#live?.run.image.pid ?? pid;
    assert(pid === known, `${event.type} happened to ${pid}, but this test is about ${known}.`);
    const time = new Date(this.#now).toISOString();
    const carried = this.#carried(start ? 's' : 'x');
    const identity = identityOf(sha256, { pid, event: event.type, id: carried.id });
    const common = { ...carried, identity, event: event.type, source: event.owner, time, data };
    if (start) await this.#deliver({ ...common, kind: 'start', definition: definitionName(this.#definition) }, pid);
    else await this.#deliver({ ...common, kind: 'signal' });
  }

  async #cancel(reason: string, pid: string): Promise<void> {
    const carried = this.#carried('o');
    const identity = actIdentity(sha256, pid, carried.id);
    await this.#deliver({ ...carried, identity, kind: 'operate', act: 'cancel', reason, by: 'test' });
  }

  async #answered({ command: { name }, outcome, data, nth }: Extract<FactParts, { kind: 'answered' }>): Promise<void> {
    const { n, run } = nth === undefined ? this.#oldest(name) : this.#nth(name, nth);
    await this.#reply(n, run, outcome, data);
  }

  async #reply(n: number, run: string, outcome: 'completed' | 'failed' | 'cancelled', data: Json): Promise<void> {
    await this.#deliver({ ...this.#carried('r'), kind: 'reply', key: replyKey(run, n, outcome), run, n, outcome, retryable: false, data });
  }

  /** The oldest open command of this name, or one that was dropped and whose reply is late. */
  #oldest(name: string): { readonly n: number; readonly run: string } {
    const image = this.#image(`${name} was answered`);
    const [open] = this.#open(name);
    if (open) return { n: open.n, run: image.run };
    const late = image.tombstones.find((each) => each.command === name);
    assert(late, `${name} was answered, but no such command is open. ${this.#openText()}`);
    return late;
  }

  #nth(name: string, nth: number): { readonly n: number; readonly run: string } {
    const { pid, run } = this.#image(`${name} was answered`);
    const ids = [...this.#issued].filter(([id, command]) => command === name && id.startsWith(`${pid}/${run}/`)).map(([id]) => id);
    const id = ids[nth - 1];
    assert(id !== undefined, `Call ${nth} of ${name} was answered, but it was called ${ids.length} times. ${this.#openText()}`);
    return { n: Number(id.slice(id.lastIndexOf('/') + 1)), run };
  }

  #open(name: string): OpenCommand[] {
    return [...(this.#live?.run.image.commands.values() ?? [])].filter((each) => each.command === name);
  }

  #openText(): string {
    const open = [...(this.#live?.run.image.commands.values() ?? [])].map((each) => each.command);
    return open.length === 0 ? `${this.#definition.name} has no open command.` : `Open commands: ${open.join(', ')}.`;
  }

  #image(what: string): Image {
    assert(this.#live, `${what}, but ${this.#definition.name} was not started.`);
    return this.#live.run.image;
  }

  /** Lets time pass without a reply until the command is settling; then the service replies `cancelled`, because it never started it. */
  async #silent({ name }: CommandContract): Promise<void> {
    const image = this.#image(`${name} stayed silent`);
    const n = this.#open(name)[0]?.n;
    assert(n !== undefined, `${name} stayed silent, but no such command is open. ${this.#openText()}`);
    for (let command = image.commands.get(n); command && !command.settling && image.status === 'running'; command = image.commands.get(n))
      await this.#pass(earliestDue(this.#live!.run));
    if (image.commands.has(n) && image.status === 'running') await this.#reply(n, image.run, 'cancelled', null);
  }

  /** Fires every timer that is due until `instant`, each at its own time. */
  async #pass(instant: number): Promise<void> {
    const live = this.#live;
    for (
      let due = live ? earliestDue(live.run) : Infinity;
      live && due <= instant && live.run.image.status === 'running';
      due = earliestDue(live.run)
    ) {
      this.#now = Math.max(this.#now, due);
      const { run, tickAt = due } = live.run.image;
      await this.#decide({ ...this.#carried('t'), kind: 'tick', key: `t:${run}:${tickAt}`, run, tickAt }, false);
    }
    this.#now = Math.max(this.#now, instant);
  }

  #carried(kind: string): {
    readonly id: string;
    readonly key: string;
    readonly messageId: string;
    readonly forced: false;
    readonly at: number;
    readonly hops: 0;
  } {
    const id = `fact-${(this.#ids += 1)}`;
    return { id, key: `${kind}:${id}`, messageId: id, forced: false, at: this.#now, hops: 0 };
  }

  async #deliver(inbound: Inbound, pid?: string): Promise<void> {
    const verdict = classify(this.#live?.run.image, inbound, this.#definition);
    switch (verdict) {
      case 'early':
        this.#early.push(inbound);
        return;
      case 'apply':
      case 'reject':
      case 'restart':
        if (inbound.kind === 'start' && (!this.#live || verdict === 'restart')) await this.#start(inbound, pid!);
        else await this.#decide(inbound, verdict === 'reject');
        return;
      case 'park': {
        const { code, message } = this.#live?.run.image.stuck ?? { code: 'POISON', message: '' };
        assert.fail(`${this.#definition.name} is stuck, so the fact would be parked beside it: ${code}, ${message}`);
      }
      // All other verdicts change nothing, as in production.
      default:
        return;
    }
  }

  async #start(inbound: Inbound & { readonly kind: 'start' }, pid: string): Promise<void> {
    const image = newImage(pid, inbound.identity, definitionName(this.#definition), this.#now);
    const before = this.#live?.run.image;
    if (before)
      Object.assign(image, {
        version: before.version,
        signals: before.signals,
        starts: [...before.starts, before.run],
        tombstones: before.tombstones,
      });
    this.#live = new LiveInstance(this.#definition, this.#environment, frontEndOf, image);
    await this.#decide(inbound, false);
    for (const early of this.#early.splice(0)) await this.#deliver(early);
  }

  async #decide(inbound: Inbound, rejected: boolean): Promise<void> {
    const live = this.#live!;
    const { run } = live;
    this.#activations += 1;
    assert(
      this.#activations <= ACTIVATIONS_MAX,
      `${this.#definition.name} was activated ${ACTIVATIONS_MAX} times: expected it to wait for an event or to end.`,
    );
    const mark = markOf(run);
    const cold = await this.#rebuilt(live);
    await decideEvent(live, inbound, rejected);
    if (run.bug) {
      // A bug commits nothing of the event.
      this.consequences.push({ kind: 'isStuck', code: run.bug.code, message: run.bug.message });
      Object.assign(run.image, { status: 'stuck', stuck: run.bug });
      return;
    }
    await decideEvent(cold, inbound, rejected);
    await this.#compare(live, cold);
    this.consequences.push(...consequencesSince(run, mark, await entriesOf(live, mark.entries), this.#issued));
    run.image.pendingSends = [];
    if (run.stuck) Object.assign(run.image, { status: 'stuck', stuck: run.stuck });
    run.stuck = undefined;
  }

  async #compare(warm: LiveInstance, cold: LiveInstance): Promise<void> {
    const [live, rebuilt] = [stateOf(warm), stateOf(cold)];
    if (JSON.stringify(live) === JSON.stringify(rebuilt)) return;
    const { image } = warm.run;
    const journal = await entriesOf(warm, 0);
    throw await nondeterminism({ definition: this.#definition, environment: this.#environment, image, journal, live, rebuilt });
  }

  /** A copy of the instance, rebuilt from its journal. */
  async #rebuilt(live: LiveInstance): Promise<LiveInstance> {
    const image = structuredClone(live.run.image);
    if (image.tail.length === 0) return new LiveInstance(this.#definition, this.#environment, frontEndOf, image);
    if (this.#definition.kind === 'decider') return LiveInstance.decoded(this.#definition, this.#environment, frontEndOf, image);
    const cold = await LiveInstance.replayed(this.#definition, this.#environment, frontEndOf, image, await entriesOf(live, 0));
    for (const [hash, text] of live.run.payloads) cold.run.payloads.set(hash, text);
    if (cold.run.bug?.code === 'NONDETERMINISM') throw nondeterministic(cold.run.bug.message);
    return cold;
  }
}

/** Adds a command that the process names, and the other commands of its service, because one of them may be its undo. */
const takeIn = (commands: Map<string, CommandContract>, named: CommandContract): CommandContract => {
  for (const [name, contract] of serviceOfCommand(named).commands) commands.set(name, contract);
  return named;
};

const entriesOf = (live: LiveInstance, from: number): Promise<JournalEntry[]> =>
  readEntries(live.run.image.tail.slice(from), (hash) => Promise.resolve(JSON.parse(live.run.payloads.get(hash) ?? 'null') as Json));

const stateOf = ({ run }: LiveInstance): Json => ({
  control: JSON.parse(encodeControl(run.image)) as Json,
  tail: run.image.tail.map((entry) => JSON.parse(entry) as Json),
});
