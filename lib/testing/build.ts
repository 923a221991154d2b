import assert from 'node:assert/strict';
import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { STEPS } from '../contract/steps.ts';
import { systemContract, type System } from '../contract/system.ts';
import type { IdempotencyStore } from '../ports/idempotency-store.ts';
import { servedParts, type Served } from '../service/served.ts';
import { serveSteps } from '../steps/run-step.ts';
import { ColdTwin } from './cold-twin.ts';
import type { CrashPoints } from './crash-point.ts';
import { EngineWorker, type WorkerContext } from './engine-worker.ts';
import { ServiceWorker, type ServiceWatch } from './service-worker.ts';
import type { StepScripts } from './step-scripts.ts';
import type { WorldState } from './world-state.ts';

/** A service of the world, with its worker. */
export interface Staffed {
  readonly name: string;
  readonly queue: MemoryMessageQueue;
  readonly served: Served;
  worker: ServiceWorker;
  /** The service takes no command before this instant. */
  downUntil: number;
}

/** The objects that all builds of a world share. */
export interface BuildContext {
  readonly state: WorldState;
  readonly points: CrashPoints;
  readonly random: () => number;
  readonly watch: ServiceWatch;
  readonly scripts: StepScripts;
}

/** One build of a system in a world: an engine, the twin that checks it, and the workers of its services. A crash replaces a worker. */
export class Build {
  readonly system: SystemContract;
  readonly twin: ColdTwin;
  readonly staff: readonly Staffed[];
  engine: EngineWorker;
  readonly #context: WorkerContext;
  readonly #watch: ServiceWatch;

  constructor(system: System<string>, services: readonly Served[], { state, points, random, watch, scripts }: BuildContext) {
    this.system = systemContract(system);
    this.#context = { system, state, points, random };
    this.#watch = watch;
    this.twin = new ColdTwin(system, state);
    this.engine = new EngineWorker(this.#context, this.twin);
    this.staff = [...services, ...this.#steps(system, scripts)].map((served) => this.#staffed(served));
  }

  /** The names of the services that the test has given. */
  get served(): readonly string[] {
    return this.staff.map(({ name }) => name).filter((name) => name !== STEPS);
  }

  /** By service: the store of its command records. */
  get records(): ReadonlyMap<string, IdempotencyStore> {
    return new Map(this.staff.map(({ name, served }) => [name, servedParts(served).records ?? this.#context.state.records]));
  }

  async byEngine(act: (engine: EngineWorker) => Promise<boolean>): Promise<void> {
    if (!(await act(this.engine))) this.engine = new EngineWorker(this.#context, this.twin);
  }

  async byService(staffed: Staffed): Promise<void> {
    if (!(await staffed.worker.advance())) staffed.worker = this.#worker(staffed.served);
  }

  /** The runner of the steps, which reads the journals of the world. A system of deciders has none. */
  #steps(system: System<string>, scripts: StepScripts): Served[] {
    if (!this.system.services.has(STEPS)) return [];
    const { store, payloads } = this.#context.state;
    return [serveSteps({ system, store, payloads, script: (step) => scripts.at(step) })];
  }

  #staffed(served: Served): Staffed {
    const { name } = servedParts(served).contract;
    const queue = this.system.services.has(name) ? this.#context.state.queues.get(name) : undefined;
    assert(
      queue,
      `simulate() received the service ${name}: expected one of ${[...this.system.services.keys()].filter((each) => each !== STEPS).join(', ')}.`,
    );
    return { name, queue, served, worker: this.#worker(served), downUntil: 0 };
  }

  #worker(served: Served): ServiceWorker {
    return new ServiceWorker(this.#context, served, this.#watch);
  }
}
