import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import type { EventEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import { toWire } from '../../../lib/contract/wire/wire.ts';
import { hasFailed } from '../../../lib/core/image.ts';
import { decodeHead, tickAtOf } from '../../../lib/format/head-codec.ts';
import { INBOX, inboxBody, OPERATIONS, STARTS, type InboxMessage } from '../../../lib/format/inbox-message.ts';
import { answerDeferred, type DeferredAnswer } from '../../../lib/service/consumer/deferred-answer.ts';
import { isOrchestratorError } from '../../../lib/contract/errors.ts';
import { auditEnd } from '../auditor/audit-end.ts';
import { Auditor } from '../auditor/auditor.ts';
import type { Choices } from './choices.ts';
import { ACCOUNT, Cloud, ENGINE_QUEUES, type Snapshot } from './cloud.ts';
import { isSameScope, scopeKey } from '../../../lib/contract/holds.ts';
import { deployedSystem, Deployment, WAKE_MS } from './deployment.ts';
import { Faults, FAULTS_MIN, OUTAGE_KINDS, SimulatedFault } from './faults.ts';
import { forgedReply } from './forged-reply.ts';
import { Trace } from './trace.ts';
import type { WorkerSlot } from './worker-slot.ts';
import { Ledger } from './ledger.ts';
import type { Observer } from './observer.ts';
import { STEPS_MAX, type Outcome } from './outcome.ts';
import type { PortOutage } from './port-outages.ts';
import { START, type Act, type OperatorAct, type Scenario, type ScenarioMaker, type Site } from '../scenarios/scenario.ts';
import { drawDeploymentShape, type DeploymentShape, tickHorizonMs } from './deployment-shape.ts';
import { SeenRecord } from './seen-record.ts';
import { quiet, Turns } from './turns.ts';
import type { Worker } from './worker.ts';

/** Steps between two reports of progress: a second of work at most. */
const STEPS_A_REPORT = 500;
/** After so many steps the faults end, and everything must come to rest. */
const STORM_STEPS = 4_000;
/** How often an operator resumes what is stuck and redrives dead letters, at most. */
const RESUMES_MAX = 6;
const SHORT_MS = 3_000;
const OUTAGE_MS = 7_200_000;
/** After this a tick counts as lost (lib/engine/jobs/wake-overdue.ts). */
const OVERDUE_MS = 1_800_000;
const ALARM_MS = 3_600_000;
/**
 * Real turns of the event loop that a worker may decide without a call: more than the outcomes that one activation may have
 * (lib/core/journal.ts).
 */
const THINKING_TURNS_MAX = 25_000;
const ANSWER_PAUSE_MS = 30_000;
const ANSWERS_MAX = 10;
const HEATED_MS = 120_000;
/** Faults that may last longer than any time limit. */
const LONG_FAULTS = ['clock-jump', 'service-outage', 'tick-lost', ...OUTAGE_KINDS] as const;

/** After such a fault a run may have been counted that never began, or whose end was not observed. */
const UNSTEADY_FAULTS = [
  'crash',
  'freeze',
  'time-out',
  'call-failed',
  'answer-lost',
  'throttled',
  'entry-failed',
  'clock-skew',
  'clock-jump',
  'restore',
  'dead-letter',
  ...OUTAGE_KINDS,
] as const;

/** Faults that end a worker while it holds a message, or delay it so long that another worker receives the message too. */
const ENDING_FAULTS = ['crash', 'freeze', 'time-out', 'restore'] as const;

export interface SimulationOptions {
  /** Keeps a line for each happening. @default false */
  readonly trace?: boolean;
  /** Ends the world at the first violation: a hunt for a planted bug needs no more. @default it comes to its end */
  readonly endsAtViolation?: boolean;
  /** Called now and then, while the world makes steps. */
  readonly onProgress?: () => void;
}

/** One world: a system, its cloud and all its faults, drawn from `choices`. The same choices make the same world, to the byte. */
export const simulate = (maker: ScenarioMaker, choices: Choices, options: SimulationOptions = {}): Promise<Outcome> =>
  new Simulation(maker, choices, options).run();

/** A worker decides on one event and never ends. */
class NeverEnds extends Error {}

/** The first violation ends the world. */
class EndedByViolation extends Error {}

type OperateAct = Extract<Act, { kind: 'operate' }>;
type Planned = { readonly at: number; readonly act: () => void };

class Simulation {
  readonly #clock = new VirtualClock(START);
  readonly #turns = new Turns();
  readonly #choices: Choices;
  readonly #shape: DeploymentShape;
  readonly #faults: Faults;
  readonly #scenario: Scenario;
  readonly #trace: Trace;
  readonly #auditor: Auditor;
  readonly #ledger: Ledger;
  readonly #cloud: Cloud;
  readonly #deployment: Deployment;
  #planned: Planned[] = [];
  #steps = 0;
  #commands = 0;
  #events = 0;
  #operations = 0;
  /** How often an operator still answers the alarm. */
  #alarms = RESUMES_MAX;
  #calm = false;
  readonly #options: SimulationOptions;
  readonly #snapshotAt: number;
  #restoreAt: number;
  #snapshot: Snapshot | undefined;

  constructor(maker: ScenarioMaker, choices: Choices, options: SimulationOptions) {
    this.#options = options;
    const now = (): number => this.#clock.now();
    this.#choices = choices;
    this.#shape = drawDeploymentShape(choices);
    this.#faults = new Faults(choices, (kind) => this.#trace.record(`fault: ${kind}`));
    this.#scenario = maker(choices);
    this.#trace = new Trace(now, options.trace ?? false);
    this.#auditor = new Auditor({
      builds: this.#scenario.builds,
      compatible: this.#scenario.compatible === true,
      replayedOn: this.#scenario.replayedOn ?? [],
      tickHorizonMs: tickHorizonMs(this.#shape),
      account: ACCOUNT,
      now,
      outlasted: () => LONG_FAULTS.some((kind) => this.#faults.counts[kind] !== undefined),
      endsWorkers: () => ENDING_FAULTS.some((kind) => this.#faults.counts[kind] !== undefined),
      steadyAt: () => (UNSTEADY_FAULTS.some((kind) => this.#faults.counts[kind] !== undefined) ? undefined : now()),
      faults: () => this.#faults.count,
      replay: () => choices.chance(this.#shape.replayed),
    });
    this.#ledger = new Ledger((effect) => this.#observer.effect(effect));
    const world = { clock: this.#clock, turns: this.#turns, choices, faults: this.#faults };
    const { maxReceiveCount } = this.#shape;
    const { services } = this.#scenario;
    const serviceReceivesMax = services && { serviceReceivesMax: services.receivesMax };
    const system = deployedSystem(this.#scenario, this.#scenario.builds[0]!);
    this.#cloud = new Cloud({
      ...world,
      ...serviceReceivesMax,
      system,
      now,
      maxReceiveCount,
      observer: this.#observer,
      heated: () => this.#heated(),
    });
    this.#deployment = new Deployment({
      ...world,
      cloud: this.#cloud,
      scenario: this.#scenario,
      shape: { ...this.#shape, ...services },
      site: (worker) => this.#site(worker),
      told: (what) => this.#trace.record(what),
      observer: this.#observer,
    });
    this.#snapshotAt = this.#faults.has('restore') ? 50 + choices.below(500) : Infinity;
    this.#restoreAt = this.#snapshotAt + 20 + choices.below(500);
    for (const act of this.#scenario.acts) this.#plan(START + act.atMs, () => this.#do(act));
    for (const outage of this.#scenario.outages ?? []) this.#plan(START + outage.fromMs, () => this.#breaks(outage));
  }

  async run(): Promise<Outcome> {
    try {
      await this.#toTheEnd();
    } catch (error) {
      if (error instanceof NeverEnds) return this.#outcome([error.message]);
      if (error instanceof EndedByViolation) return this.#outcome([]);
      throw error;
    }
    const atTheEnd = await this.#audit();
    return this.#outcome(this.#steps < STEPS_MAX ? atTheEnd : ['I8: it never comes to rest', ...atTheEnd]);
  }

  async #toTheEnd(): Promise<void> {
    await this.#until(STORM_STEPS);
    this.#shakeUp();
    await this.#until(STORM_STEPS + 1_000);
    this.#faults.end();
    this.#calm = true;
    this.#deployment.renew();
    await this.#until(STEPS_MAX);
    for (let again = 0; again < RESUMES_MAX && this.#mend(again); again += 1) await this.#until(STEPS_MAX);
  }

  /** `atTheEnd`: the violations found at the end, beside those on the way. */
  #outcome(atTheEnd: readonly string[]): Outcome {
    return {
      scenario: this.#scenario.name,
      violations: [...this.#auditor.violations, ...atTheEnd],
      steps: this.#steps,
      instances: this.#scenario.expectations.size,
      commands: this.#commands,
      events: this.#events,
      faults: this.#faults.counts,
      digest: this.#trace.digest(),
      choices: this.#choices.taken,
      trace: this.#trace.lines,
    };
  }

  async #audit(): Promise<readonly string[]> {
    // After a restore, numbers of commands are used again. A service moves a command to the dead-letter queue if it has done another one
    // under that number.
    const buried = this.#faults.counts.restore !== undefined;
    const expected = (name: string): boolean => buried && this.#deployment.system.services.has(name.replace(/-dead-letter$/, ''));
    const left = new Map(
      [...this.#cloud.queues].filter(([name, { size }]) => size > 0 && !expected(name)).map(([name, { size }]) => [name, size]),
    );
    const { store, index, parking, payloads } = this.#cloud;
    this.#auditor.answersStand(this.#faults.counts['clock-jump'] !== undefined);
    await this.#auditor.replayed(async (pid, hash) => JSON.parse((await payloads.get(pid, hash)) ?? 'null') as Json);
    this.#auditor.gatesRest();
    this.#auditor.boundedBy(this.#faults.count);
    this.#auditor.keysRest();
    this.#auditor.holdsRest(this.#cloud.parkedEvents());
    this.#auditor.leftParked(this.#cloud.parkedEvents());
    const evidence = { store, index, parking, payloads, left, effects: this.#ledger.effects, now: this.#clock.now() };
    return auditEnd(evidence, this.#scenario.expectations, this.#auditor);
  }

  /** Passes each happening to the trace, then to the auditor. */
  readonly #observer: Observer = {
    committed: (head, previous, by) => {
      this.#trace.record(`${by} committed ${head.pid} ${head.version} ${head.status}`);
      this.#auditor.committed(head, previous, by);
    },
    spilled: (chunk) => {
      this.#trace.record(`spilled ${chunk.pid} ${chunk.from}+${chunk.entries.length}`);
      this.#auditor.spilled(chunk);
    },
    accepted: (queue, body, messageId) => {
      if (!ENGINE_QUEUES.some((each) => queue.startsWith(each))) this.#commands += 1;
      this.#trace.record(`${queue} accepted ${messageId} ${short(body)}`);
      this.#auditor.accepted(queue, body, messageId);
    },
    received: (queue, body) => this.#auditor.received(queue, body),
    published: (event) => {
      this.#trace.record(`bus accepted ${event.type} ${idIn(event.detail)}`);
      this.#auditor.published(event);
    },
    parked: (event) => {
      this.#trace.record(`parked ${event.pid} ${event.id} ${event.reason}`);
      this.#auditor.parked(event);
    },
    deleting: (queue, body, messageId) => {
      if (queue === INBOX || queue === STARTS || queue === OPERATIONS) this.#events += 1;
      this.#trace.record(`${queue} deletes ${messageId}`);
      this.#auditor.deleting(queue, body, messageId);
    },
    effect: (effect) => {
      this.#trace.record(`effect of ${effect.commandId} ${effect.command}`);
      this.#auditor.effect(effect);
    },
    began: (run) => {
      this.#trace.record(`runs ${run.command} for ${run.commandId}`);
      this.#auditor.began(run);
    },
    ended: (commandId) => this.#auditor.ended(commandId),
    postponed: (commandId) => {
      this.#trace.record(`postponed ${commandId}`);
      this.#auditor.postponed(commandId);
    },
    lost: (commandId) => this.#auditor.lost(commandId),
    replayedDecision: (pid, now, recorded, by) => this.#auditor.replayedDecision(pid, now, recorded, by),
    recorded: (commandId, record, by) => this.#auditor.recorded(commandId, record, by),
    retired: (pid) => {
      this.#trace.record(`retired ${pid}`);
      this.#auditor.retired(pid);
    },
    restored: (heads, pids) => {
      this.#trace.record(`restored ${pids.join()}`);
      this.#auditor.restored(heads, pids);
    },
  };

  /** The mark decides nothing, so it may be on any head. */
  #heated(): number | undefined {
    return this.#shape.heated && !this.#calm && this.#choices.chance(0.3) ? this.#clock.now() + this.#choices.below(HEATED_MS) : undefined;
  }

  #site(worker: Worker): Site {
    return {
      effect: (effect) => this.#ledger.add(effect),
      pass: async () => {
        await worker.pass('in a handler');
        if (this.#faults.strikes('handler-error')) throw new SimulatedFault('the handler failed');
      },
      clock: worker.clock,
      answerLater: (afterMs, token, answer) => this.#plan(this.#clock.now() + afterMs, () => void this.#answer(token, answer, 1)),
    };
  }

  /** A person or a webhook repeats the answer until it is accepted or refused. */
  async #answer(token: string, answer: DeferredAnswer, tries: number): Promise<void> {
    const worker = this.#deployment.newWorker('person');
    const { records, publisher, payloads } = this.#deployment.ports(worker);
    const services = this.#deployment.system.services;
    const [service] = [...services.values()].filter(({ name }) => 'command' in answer && answer.command.startsWith(`${name}.`));
    const seen = new SeenRecord(records);
    const asked = answerDeferred({ token, answer }, { service: service!, store: seen, publisher, payloads, clock: worker.clock });
    const again = await Promise.race([
      asked.then(
        () => this.#told(seen, answer, 'TAKEN'),
        (error: unknown) => (isOrchestratorError(error) && !error.retryable ? this.#told(seen, answer, error.code) : true),
      ),
      worker.died.then(() => true),
    ]);
    if (again && tries < ANSWERS_MAX) this.#plan(this.#clock.now() + ANSWER_PAUSE_MS, () => void this.#answer(token, answer, tries + 1));
  }

  /** Notes the response to an answer by token. It is definite, so the answer need not be repeated: returns false. */
  #told({ commandId, state }: SeenRecord, answer: DeferredAnswer, code: string): false {
    this.#trace.record(`an answer to ${commandId} meets ${code}`);
    if (state === undefined || answer.kind === 'heartbeat') return false;
    if (code === 'TAKEN') this.#auditor.taken({ commandId, state, outcome: answer.kind === 'complete' ? 'completed' : 'failed' });
    if (code === 'CLOSED') this.#auditor.refused(commandId, state);
    return false;
  }

  #plan(at: number, act: () => void): void {
    const place = this.#planned.findIndex((planned) => planned.at > at);
    if (place === -1) this.#planned.push({ at, act });
    else this.#planned.splice(place, 0, { at, act });
  }

  #do(act: Act): void {
    this.#trace.record(
      `outside: ${act.kind} ${'scope' in act ? `${act.act} ${scopeKey(act.scope)}` : 'type' in act ? `${act.type} ${act.id}` : 'pid' in act || 'rate' in act ? `${act.act} ${'pid' in act ? act.pid : act.id}` : 'id' in act ? act.id : ''}`,
    );
    if (act.kind === 'publish') void this.#cloud.publisher.publish([{ source: act.source, type: act.type, detail: this.#detail(act) }]);
    else if (act.kind === 'operate') this.#operate(act.pid, act.act, act.opid, act);
    else if (act.kind === 'bulk') this.#operateAll(act);
    else if (act.kind === 'deploy') this.#deploy();
    else if (act.kind === 'schedule') this.#schedules(act);
    else if (act.kind === 'hold') this.#holds(act);
    else this.#start(act);
  }

  #breaks({ kind, toMs, share }: PortOutage): void {
    this.#faults.happened(kind);
    this.#deployment.outages.begin(kind, START + toMs, share);
    // The world does not come to rest before the outage is over.
    this.#plan(START + toMs, () => this.#trace.record(`over: ${kind}`));
  }

  #deploy(): void {
    if (!this.#deployment.newestBuild) this.#deployment.redeploy();
  }

  #detail(act: Extract<Act, { kind: 'publish' }>): string {
    const { atMs, happenedMs = atMs, source, type, id, data, processid, tenant, hops = 0 } = act;
    const time = new Date(START + happenedMs).toISOString();
    const core = { specversion: '1.0', id, source, type, time, datacontenttype: 'application/json', hops };
    return toWire({
      ...core,
      ...(tenant !== undefined && { tenant }),
      ...(processid !== undefined && { processid }),
      data,
    } as EventEnvelope);
  }

  #start({ process, id, startid, tenant = 'default', data, onopen }: Extract<Act, { kind: 'start' }>): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#request(STARTS, {
      tutti: 'start',
      startid,
      tenant,
      process,
      id,
      data,
      time,
      by: 'simulation',
      ...(onopen && { onopen }),
    });
  }

  #schedules({ atMs, kind: _kind, ...act }: Extract<Act, { kind: 'schedule' }>): void {
    const time = new Date(START + atMs).toISOString();
    this.#request(OPERATIONS, { tutti: 'schedule', tenant: 'default', reason: 'simulated', by: 'simulation', time, ...act });
  }

  #holds({ opid, act, scope, clock = 'stop', starts, onlyHeld }: Omit<Extract<Act, { kind: 'hold' }>, 'kind' | 'atMs'>): void {
    if (onlyHeld && !this.#auditor.held.some((each) => isSameScope(each, scope))) return;
    const time = new Date(this.#clock.now()).toISOString();
    const asked = { tutti: 'hold', opid, act, reason: 'simulated', by: 'simulation', time, ...scope } as const;
    this.#request(OPERATIONS, act === 'pause' ? { ...asked, clock, ...(starts && { starts }) } : asked);
  }

  /** Sends a request of a client or an operator. An embedded runtime has one queue for all requests. */
  #request(queue: string, message: InboxMessage): void {
    void this.#cloud.sender.send(this.#shape.embedded ? INBOX : queue, [{ body: inboxBody(message) }]);
  }

  #operate(pid: string, act: OperatorAct, opid: string, { version, fork }: Pick<OperateAct, 'version' | 'fork'> = {}): void {
    const message = { tutti: 'operate', opid, pid, act, reason: 'simulated', by: 'simulation' } as const;
    this.#request(OPERATIONS, { ...message, ...(version !== undefined && { version }), ...(fork && { fork }) });
  }

  #operateAll({ id, act, targets, rate }: Extract<Act, { kind: 'bulk' }>): void {
    const job = { act, where: 'simulated', targets, rate };
    const time = new Date(this.#clock.now()).toISOString();
    this.#request(OPERATIONS, { tutti: 'bulk', opid: id, tenant: 'default', id, job, reason: 'simulated', by: 'simulation', time });
  }

  /** A seed with too few faults gets more of a kind that is always possible: an old event of the inbox, once more. */
  #shakeUp(): void {
    const repeatable = this.#scenario.acts.filter(({ kind }) => kind === 'publish');
    while (this.#faults.count < FAULTS_MIN && repeatable.length > 0) {
      this.#faults.happened('bus-duplicate');
      const act = this.#choices.one(repeatable);
      this.#plan(this.#clock.now() + this.#choices.below(SHORT_MS), () => this.#do(act));
    }
  }

  /** The faults are over: an operator resumes stuck and paused instances and redrives dead letters. Returns whether there was anything to do. */
  #mend(round: number): boolean {
    const ended = this.#endHolds(round);
    let any = this.#sendBack() || ended;
    for (const { pid, status, why, paused } of this.#cloud.heads()) {
      // An instance whose code has failed again is not resumed a third time.
      if (this.#isReleased(paused)) continue;
      if (paused === undefined && (status !== 'stuck' || (round > 1 && why?.includes('"POISON"')))) continue;
      any = true;
      if (!this.#resolves(pid)) this.#operate(pid, 'resume', `mend-${(this.#operations += 1)}`);
    }
    for (const name of this.#deployment.system.services.keys()) {
      const deadLetters = this.#cloud.queue(`${name}-dead-letter`);
      if (deadLetters.size > 0) any = deadLetters.redriveTo(this.#cloud.queue(name)) > 0 || any;
    }
    return any;
  }

  /** Ends the holds in force. A restored table may have lost the release of what a hold held, so each scope is resumed once more. */
  #endHolds(round: number): boolean {
    const restored = this.#faults.counts.restore !== undefined && round === 0;
    const scopes = restored ? this.#scenario.acts.flatMap((act) => (act.kind === 'hold' ? [act.scope] : [])) : this.#auditor.held;
    for (const scope of scopes) this.#holds({ opid: `mend-${(this.#operations += 1)}`, act: 'resume', scope });
    return scopes.length > 0;
  }

  /** The end of its hold resumes an instance. */
  #isReleased(paused: string | undefined): boolean {
    const { hold } = JSON.parse(paused ?? '{}') as { readonly hold?: string };
    return hold !== undefined && this.#faults.counts.restore === undefined;
  }

  /** An operator looks into the foreign system, and resolves the command that the instance is stuck on. */
  #resolves(pid: string): boolean {
    const { finds } = this.#scenario;
    const head = this.#cloud.head(pid);
    if (finds === undefined || head === undefined || head.run === '') return false;
    const { stuck, commands, run } = decodeHead(head);
    const command = stuck?.n === undefined ? undefined : commands.get(stuck.n);
    // A copy in the dead-letter queue may still be run.
    const isOver = command !== undefined && this.#cloud.queue(`${command.command.split('.')[0]}-dead-letter`).size === 0;
    if (!isOver || !this.#choices.chance(0.5)) return false;
    const step = `${pid}/${run}/${command.n}`;
    const opid = `resolve-${(this.#operations += 1)}`;
    const act = { act: 'resolve', step, resolution: finds(step, command.command), reason: 'simulated', by: 'simulation' } as const;
    this.#request(OPERATIONS, { tutti: 'operate', opid, pid, ...act });
    // A command that failed for certain has its outcome: the act changes nothing, so the instance is resumed as well.
    return !hasFailed(command);
  }

  /** Sends back messages that were dead letters twice: by a resume if one is parked with its instance, otherwise by a copy to its queue. */
  #sendBack(): boolean {
    const dead = this.#cloud.parkedEvents().filter(({ reason }) => reason === 'DEAD_LETTER');
    for (const pid of new Set(dead.map((event) => event.pid)))
      if (pid !== '') this.#operate(pid, 'resume', `back-${(this.#operations += 1)}`);
    for (const event of dead) {
      const { pid, body, channel = INBOX } = event;
      if (pid !== '') continue;
      this.#cloud.queue(channel).put(body);
      void this.#cloud.parking.redriven(pid, [event], this.#clock.now());
    }
    return dead.length > 0;
  }

  async #until(stepsMax: number): Promise<void> {
    for (; this.#steps < stepsMax; this.#steps += 1) {
      if (this.#steps % STEPS_A_REPORT === 0) this.#options.onProgress?.();
      if (this.#options.endsAtViolation && this.#auditor.violations.length > 0) throw new EndedByViolation();
      await this.#thought();
      if (this.#turns.waiting > 0 && !this.#choices.chance(0.1)) this.#letGo();
      else if (!this.#something()) return;
    }
  }

  #letGo(): void {
    this.#trace.record(this.#turns.letGo(this.#choices.below(this.#turns.waiting)));
  }

  /**
   * A worker that neither waits for a turn nor sleeps is deciding, which takes some turns of the event loop. Nothing else may happen
   * meanwhile.
   */
  async #thought(): Promise<void> {
    await quiet();
    // A worker replays for a step while other messages of its batch wait for calls.
    const thinks = ({ busy, worker }: WorkerSlot): boolean => (busy && worker.thinks) || (!worker.dead && worker.replaying > 0);
    for (let turns = 0; this.#deployment.slots.some(thinks); turns += 1) {
      if (turns > THINKING_TURNS_MAX)
        throw new NeverEnds(`I8: ${this.#deployment.slots.find(thinks)?.worker.name} never ends its decision`);
      await quiet();
    }
  }

  /** Begins something, or lets time pass; false if nothing is left to do. */
  #something(): boolean {
    const now = this.#clock.now();
    if (!this.#calm) this.#disturb();
    else this.#deployment.replaceOutdated();
    const [planned] = this.#planned;
    if (planned && planned.at <= now) {
      this.#planned.shift();
      planned.act();
      return true;
    }
    if (!this.#deployment.sweeping && now >= this.#deployment.nextSweep) {
      this.#deployment.sweep();
      return true;
    }
    if (!this.#deployment.waking && now >= this.#deployment.nextWake) {
      this.#deployment.wake();
      return true;
    }
    if (!this.#deployment.retiring && now >= this.#deployment.nextRetirement) {
      this.#deployment.retire();
      return true;
    }
    const idle = this.#deployment.slots.filter((slot) => !slot.busy && slot.downUntil <= now && slot.queue.nextVisibleAt() <= now);
    if (idle.length > 0) {
      this.#deployment.run(this.#choices.one(idle));
      return true;
    }
    if (this.#turns.waiting > 0) {
      if (this.#choices.chance(0.05)) this.#clock.advance(this.#choices.below(SHORT_MS));
      this.#letGo();
      return true;
    }
    const next = this.#nextInstant(now);
    if (next === Infinity) return false;
    // Dead letters do not stay for days, because an alarm calls an operator.
    if (next - now > ALARM_MS && this.#alarms > 0 && this.#sendBack()) this.#alarms -= 1;
    else this.#clock.advanceTo(Math.max(next, now + 1));
    return true;
  }

  #nextInstant(now: number): number {
    let next = Math.min(this.#clock.nextWakeAt() ?? Infinity, this.#planned[0]?.at ?? Infinity);
    // After the last planned act, no retirement is awaited: instances that remain are left for the audit.
    if (this.#planned.length > 0 && !this.#deployment.retiring) next = Math.min(next, this.#deployment.nextRetirement);
    for (const { queue, downUntil } of this.#deployment.slots) {
      // A message that is visible now waits for a busy worker.
      const at = Math.max(queue.nextVisibleAt(), downUntil);
      if (at > now) next = Math.min(next, at);
    }
    if (this.#deployment.listsSoon) next = Math.min(next, this.#deployment.nextSweep);
    const due = this.#deployment.sweeping ? Infinity : this.#cloud.index.nextDue();
    if (due !== Infinity) next = Math.min(next, Math.max(this.#deployment.nextSweep, due - 90_000));
    return this.#deployment.waking ? next : Math.min(next, this.#nextWake());
  }

  /** The hourly run that will find a lost tick. The runs before it would find nothing, so time skips them. */
  #nextWake(): number {
    const { nextWake } = this.#deployment;
    if (nextWake === Infinity) return Infinity;
    let overdueAt = Infinity;
    for (const head of this.#cloud.heads())
      if (head.status === 'running') overdueAt = Math.min(overdueAt, (tickAtOf(head) ?? Infinity) + OVERDUE_MS);
    if (overdueAt === Infinity) return Infinity;
    return nextWake + Math.max(0, Math.ceil((overdueAt - nextWake) / WAKE_MS)) * WAKE_MS;
  }

  /** Faults of the whole deployment, not of one call. */
  #disturb(): void {
    const { slots } = this.#deployment;
    if (this.#faults.strikes('service-outage')) {
      const slot = this.#choices.one(slots);
      const until = this.#clock.now() + this.#choices.below(OUTAGE_MS);
      for (const each of slots) if (each.name === slot.name) each.downUntil = until;
    }
    const filled = this.#faults.has('dead-letter')
      ? slots.filter(({ queue }) => queue.size > 0 && !queue.name.endsWith('-dead-letter'))
      : [];
    if (filled.length > 0 && this.#faults.strikes('dead-letter')) {
      const { queue } = this.#choices.one(filled);
      queue.bury(this.#choices.one(queue.ids));
    }
    if (!this.#deployment.newestBuild && this.#faults.strikes('redeploy')) this.#deployment.redeploy();
    const stuck = this.#faults.has('operator') ? [...this.#cloud.heads()].filter(({ status }) => status === 'stuck') : [];
    if (stuck.length > 0 && this.#faults.strikes('operator')) {
      this.#operate(this.#choices.one(stuck).pid, 'resume', `resume-${(this.#operations += 1)}`);
    }
    if (this.#faults.has('forged-reply')) this.#forge();
    if (this.#faults.has('tick-lost')) this.#loseTick();
    if (this.#snapshot === undefined && this.#steps >= this.#snapshotAt) this.#snapshot = this.#cloud.snapshot();
    if (this.#steps >= this.#restoreAt) this.#restore();
  }

  /** The inbox loses a tick, by accident. */
  #loseTick(): void {
    const inbox = this.#cloud.queue(INBOX);
    const ticks = inbox.unreceived((body) => body.startsWith('{"tutti":"tick"'));
    if (ticks.length > 0 && this.#faults.strikes('tick-lost')) inbox.lose(this.#choices.one(ticks));
  }

  /** A publisher answers a command that it does not own, or the owner answers with the hash of other data. */
  #forge(): void {
    const asked = [...this.#cloud.heads()].filter(({ status, run }) => status === 'running' && run !== '');
    if (asked.length === 0 || !this.#faults.strikes('forged-reply')) return;
    const image = decodeHead(this.#choices.one(asked));
    const open = [...image.commands.values()];
    if (open.length === 0) return;
    const command = this.#choices.one(open);
    const forgery = this.#choices.chance(0.5)
      ? { source: 'mallory', hash: command.hash }
      : { source: command.command.split('.')[0] ?? '', hash: '0'.repeat(16) };
    const detail = forgedReply(`${image.pid}/${image.run}/${command.n}`, forgery, this.#deployment.system.name, this.#clock.now());
    void this.#cloud.publisher.publish([{ source: forgery.source, type: 'mallory.done', detail }]);
  }

  #restore(): void {
    this.#restoreAt = Infinity;
    this.#faults.happened('restore');
    this.#deployment.killEngines();
    if (this.#snapshot) this.#cloud.restore(this.#snapshot);
  }
}

const short = (body: string): string => (body.startsWith('{"tutti"') ? body.slice(0, 160) : idIn(body));

/** The id of an envelope, or of the one in an envelope of the bus. */
const idIn = (body: string): string => {
  const at = body.indexOf('"specversion"');
  return /"id":"([^"]*)"/.exec(at === -1 ? body : body.slice(at))?.[1] ?? body.slice(0, 60);
};
