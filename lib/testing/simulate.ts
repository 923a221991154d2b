import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import { connect } from '../client/connect.ts';
import { connectionOf } from '../client/connection.ts';
import type { Client } from '../client/client.ts';
import { notFound } from '../client/instance.ts';
import { commandContract, type AnyCommand } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { instantOf } from '../contract/instant.ts';
import { buildPid, DEFAULT_TENANT } from '../contract/wire/process-id.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import type { Json, Received } from '../contract/schema.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { STEPS } from '../contract/steps.ts';
import { systemContract, type System } from '../contract/system.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { hasSchedules, schedulesBody } from '../engine/jobs/list-schedules.ts';
import { SeededRandom } from '../core/seeded-random.ts';
import { INBOX } from '../format/inbox-message.ts';
import { servedParts, type Served } from '../service/served.ts';
import { Build, type BuildContext } from './build.ts';
import { CrashPoints, type CrashPredicate } from './crash-point.ts';
import type { EngineWorker } from './engine-worker.ts';
import { HandlerFaults } from './handler-faults.ts';
import { journalOf } from './journal-of.ts';
import type { ServiceWatch } from './service-worker.ts';
import { StepScripts, type StepScript } from './step-scripts.ts';
import { StuckInstances } from './stuck-instances.ts';
import { clientPorts, nothingMoves } from './world-client.ts';
import type { SimulateOptions, World } from './world.ts';
import { newWorldState, type WorldState } from './world-state.ts';

/**
 * Runs a system in memory, deterministically and in virtual time.
 * @example import { simulate } from 'tutti/testing'; const world = simulate(trips, { services: [handler] }); await world.settle();
 */
export function simulate(system: System<string>, options: SimulateOptions = {}): World {
  return new SimulatedWorld(system, options);
}

const START = '2026-01-01T00:00:00.000Z';
/** The limit ends a test whose system continues without letting time pass. */
const MOVES_MAX = 200_000;
/** A call of the client inside a handler fails after this many turns of the event loop in which nothing moved. */
const NESTED_TURNS_MAX = 10_000;
/** The interval of the sweeper in production. A due instance that did not advance is swept again after it. */
const SWEEP_MS = 15 * 60_000;

/** A killed worker holds the lease of its command for a minute. Its message is then received again. */
const RECOVERY_MS = 2 * 60_000;

/** The world in whose handler the current code runs. */
const inWorld = new AsyncLocalStorage<object>();

class SimulatedWorld implements World {
  client: Client;
  readonly #state: WorldState;
  readonly #context: BuildContext;
  readonly #random = new SeededRandom('world');
  readonly #calls = new Map<string, Map<string, Json>>();
  readonly #faults: HandlerFaults;
  readonly #stuck: StuckInstances;
  readonly #scripts = new StepScripts();
  /** By pid and due time: when a due instance is swept again. */
  readonly #swept = new Map<string, number>();
  #build: Build;
  #settling: Promise<boolean> | undefined;
  /** Batches in flight. There is more than one if a handler waits for the world itself. */
  readonly #inFlight = new Set<Promise<void>>();
  /** The engine handles one batch at a time, because the twin compares whole batches. */
  #engineBusy = false;
  /** The number of batches that started, plus the number that ended. */
  #moves = 0;
  /** The time that the world still lets pass by itself; `undefined` in a world without patience. */
  #patienceMs: number | undefined;
  /** The end of the recovery from the last crash. */
  #recoveredAt = 0;
  /** Makes the settle loop check again for actors that can move. */
  #nudge: (() => void) | undefined;

  constructor(system: System<string>, options: SimulateOptions) {
    const startsAt = instantOf(options.at ?? START);
    const state = newWorldState(systemContract(system), startsAt, (head, previous) => this.#build.twin.written(head, previous));
    const random = new SeededRandom('workers');
    this.#state = state;
    this.#faults = new HandlerFaults(state);
    this.#stuck = new StuckInstances(state);
    if (options.patience !== undefined) this.#patienceMs = milliseconds(options.patience);
    this.#context = {
      state,
      points: new CrashPoints(this.#noting(options.crash)),
      random: () => random.number(),
      watch: this.#watch(),
      scripts: this.#scripts,
    };
    this.#build = new Build(system, options.services ?? [], this.#context);
    this.client = this.#connect(system);
    this.#listSchedules(systemContract(system));
  }

  deploy(system: System<string>, options: { readonly services?: readonly Served[] } = {}): void {
    const next = systemContract(system);
    const { name } = this.#build.system;
    assert(next.name === name, `deploy() received the system ${next.name}: expected a build of ${name}.`);
    assert(this.#inFlight.size === 0, 'deploy() was called while the world moves: expected a call after settle() or advance() has ended.');
    const given = options.services ?? [];
    const names = new Set(given.map((served) => servedParts(served).contract.name));
    const kept = this.#build.staff.filter(({ name: each }) => each !== STEPS && !names.has(each) && next.services.has(each));
    this.#state.deploy(next);
    const before = this.#build;
    this.#build = new Build(system, [...given, ...kept.map(({ served }) => served)], this.#context);
    for (const staffed of this.#build.staff) staffed.downUntil = before.staff.find((each) => each.name === staffed.name)?.downUntil ?? 0;
    this.client = this.#connect(system);
    this.#listSchedules(next);
  }

  /** The schedules begin with the deployment. */
  #listSchedules(system: SystemContract): void {
    if (hasSchedules(system)) this.#state.queues.get(INBOX)?.put(schedulesBody(this.#state.clock));
  }

  #connect(system: System<string>): Client {
    const { system: contract, records } = this.#build;
    const ports = clientPorts({
      system: contract,
      state: this.#state,
      records,
      changed: (pid, signal) => this.#changed(pid, signal),
      faultOf: (commandId) => this.#faults.textOf(commandId),
    });
    return connect(system, connectionOf(ports));
  }

  #watch(): ServiceWatch {
    return {
      called: ({ name }, commandId, input) => {
        this.#faults.called(name, commandId, input);
        const inputs = this.#calls.get(name) ?? new Map<string, Json>();
        this.#calls.set(name, inputs);
        if (!inputs.has(commandId)) inputs.set(commandId, input);
      },
      report: (notice) => {
        this.#faults.report(notice);
      },
    };
  }

  /** The same predicate. It notes each crash. */
  #noting(crash: CrashPredicate | undefined): CrashPredicate | undefined {
    if (crash === undefined) return undefined;
    return (point) => {
      const killed = crash(point);
      if (killed) this.#recoveredAt = this.#state.clock.now() + RECOVERY_MS;
      return killed;
    };
  }

  async settle(): Promise<void> {
    await this.#run();
    if (this.#patienceMs !== undefined) await this.#runUntil(this.#recoveredAt);
    this.#fail([...this.#faults.takeSettled(), ...this.#takeStuck()]);
  }

  async advance(duration: Duration): Promise<void> {
    const end = this.#state.clock.now() + milliseconds(duration);
    await this.#run();
    await this.#runUntil(end);
    this.#state.clock.advanceTo(end);
    await this.#run();
    this.#fail([...this.#faults.takeAdvanced(), ...this.#takeStuck()]);
  }

  expectStuck(process: AnyProcess, id: string, code?: string): void {
    this.#stuck.expect(pidOf(process, id), code);
  }

  expectFaults(command: AnyCommand | string): void {
    this.#faults.expect(typeof command === 'string' ? command : commandContract(command).name);
  }

  runs<T extends Json | void>(step: string, body: StepScript<T>['body'], options: Omit<StepScript<T>, 'body'> = {}): void {
    this.#scripts.set(step, { body, ...options } as StepScript<never>);
  }

  #takeStuck(): Error[] {
    return this.#stuck.take((commandId) => this.#faults.textOf(commandId));
  }

  down(service: AnyService, duration: Duration): void {
    const { name } = serviceContract(service);
    const staffed = this.#build.staff.find((each) => each.name === name);
    assert(
      staffed,
      `down() received the service ${name}, which the world does not have: expected one of ${this.#build.served.join(', ') || 'none'}.`,
    );
    staffed.downUntil = Math.max(staffed.downUntil, this.#state.clock.now() + milliseconds(duration));
  }

  calls<C extends AnyCommand>(command: C): readonly Received<C['~']['input']>[] {
    return [...(this.#calls.get(commandContract(command).name)?.values() ?? [])] as Received<C['~']['input']>[];
  }

  logs(process?: AnyProcess, id?: string): readonly ObservedLine[] {
    return this.#state.lines.filter((line) => (process?.name ?? line.process) === line.process && (id ?? line.id) === line.id);
  }

  journal(process: AnyProcess, id: string, run?: number): readonly Json[] {
    const pid = pidOf(process, id);
    const head = this.#state.heads.get(pid);
    if (!head || head.status === 'early') throw notFound(pid, head);
    return journalOf(this.#state, head, run);
  }

  /** Settles at each instant until `end` at which a timer or a message is due. */
  async #runUntil(end: number): Promise<void> {
    for (let next = await this.#nextInstant(); next <= end; next = await this.#nextInstant()) {
      this.#state.clock.advanceTo(next);
      await this.#run();
    }
  }

  /**
   * Lets time pass until something moves, while the patience lasts and the client still waits. Resolves to whether anything moved. Time does
   * not help a stuck instance.
   */
  async #wait(pid: string, signal: AbortSignal): Promise<boolean> {
    const { clock, heads } = this.#state;
    while (!signal.aborted && heads.get(pid)?.status !== 'stuck') {
      const next = await this.#nextInstant();
      const left = (this.#patienceMs ?? 0) - (next - clock.now());
      if (left < 0 || next === Infinity) return false;
      this.#patienceMs = left;
      clock.advanceTo(next);
      if (await this.#run()) return true;
    }
    return false;
  }

  /** Settles. Concurrent calls wait for the same settle loop. Resolves to whether anything moved. */
  async #run(): Promise<boolean> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(): Promise<boolean> {
    // Sleepers whose time is over continue first.
    await turn();
    const before = this.#moves;
    for (;;) {
      const actors = await this.#ready();
      const actor = actors[Math.floor(this.#random.number() * actors.length)];
      if (actor) this.#begin(actor, this.#moves - before);
      else if (this.#inFlight.size === 0) break;
      const nudged = new Promise<void>((resolve) => {
        this.#nudge = resolve;
      });
      await Promise.race([...this.#inFlight, nudged]);
    }
    this.#fail(this.#faults.takeUrgent());
    return this.#moves > before;
  }

  #begin(actor: () => Promise<void>, moves: number): void {
    const instant = new Date(this.#state.clock.now()).toISOString();
    assert(moves < MOVES_MAX, `The system does not settle: after ${MOVES_MAX} batches it still has messages to handle at ${instant}.`);
    this.#moves += 1;
    const act = inWorld.run(this, actor).finally(() => {
      this.#moves += 1;
      this.#inFlight.delete(act);
    });
    this.#inFlight.add(act);
  }

  #fail([first, ...others]: readonly Error[]): void {
    if (!first) return;
    if (others.length > 0) throw new assert.AssertionError({ message: [first, ...others].map(({ message }) => message).join('\n') });
    throw first;
  }

  /** The actors that have messages to handle now. */
  async #ready(): Promise<(() => Promise<void>)[]> {
    const now = this.#state.clock.now();
    const { queues } = this.#state;
    const ready = (queue: MemoryMessageQueue | undefined): boolean => (queue?.nextVisibleAt() ?? Infinity) <= now;
    const actors: (() => Promise<void>)[] = [];
    const engineReady = (name: string): boolean => !this.#engineBusy && ready(queues.get(name));
    if (engineReady(INBOX)) actors.push(() => this.#byEngine((engine) => engine.advance()));
    if (engineReady(`${INBOX}-dead-letter`)) actors.push(() => this.#byEngine((engine) => engine.drain()));
    for (const staffed of this.#build.staff)
      if (staffed.downUntil <= now && ready(staffed.queue)) actors.push(() => this.#build.byService(staffed));
    if (actors.length === 0 && !this.#engineBusy && (await this.#sweepAt()) <= now) actors.push(() => this.#sweep());
    return actors;
  }

  async #byEngine(act: (engine: EngineWorker) => Promise<boolean>): Promise<void> {
    this.#engineBusy = true;
    try {
      await this.#build.byEngine(act);
    } finally {
      this.#engineBusy = false;
    }
  }

  /** The instant of the next sweep. */
  async #sweepAt(): Promise<number> {
    let next = Infinity;
    for (const { pid, due } of await this.#state.index.due(Number.MAX_SAFE_INTEGER, 50))
      next = Math.min(next, this.#swept.get(`${pid} ${due}`) ?? due);
    return next;
  }

  async #sweep(): Promise<void> {
    const now = this.#state.clock.now();
    for (const { pid, due } of await this.#state.index.due(now, 10_000)) this.#swept.set(`${pid} ${due}`, now + SWEEP_MS);
    await this.#byEngine((engine) => engine.sweep());
  }

  /** The next instant at which a timer or a message is due; Infinity without one. */
  async #nextInstant(): Promise<number> {
    const { clock, queues } = this.#state;
    const instants = [
      clock.nextWakeAt(),
      queues.get(INBOX)?.nextVisibleAt(),
      queues.get(`${INBOX}-dead-letter`)?.nextVisibleAt(),
      await this.#sweepAt(),
    ];
    for (const { queue, downUntil } of this.#build.staff) {
      const visibleAt = queue.nextVisibleAt();
      if (visibleAt !== undefined) instants.push(Math.max(visibleAt, downUntil));
    }
    return Math.max(clock.now() + 1, Math.min(...instants.map((instant) => instant ?? Infinity)));
  }

  /** A handler waits for the world, which waits for the handler: lets the other actors continue. Resolves to whether one did. */
  async #letOthersMove(): Promise<boolean> {
    const before = this.#moves;
    for (let turns = 0; turns < NESTED_TURNS_MAX && this.#moves === before; turns += 1) {
      this.#nudge?.();
      await turn();
    }
    return this.#moves > before;
  }

  /** The client waits for a change: runs the world, with patience also through time. Rejects if nothing moves. */
  async #changed(pid: string, signal: AbortSignal): Promise<void> {
    const moved = inWorld.getStore() === this ? await this.#letOthersMove() : (await this.#run()) || (await this.#wait(pid, signal));
    if (!moved) throw nothingMoves(this.#build.system, this.#state, pid, (commandId) => this.#faults.textOf(commandId));
  }
}

function pidOf(process: AnyProcess, id: string): string {
  return buildPid(DEFAULT_TENANT, process.name, id) ?? id;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
