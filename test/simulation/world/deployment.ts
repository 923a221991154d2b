import { STEPS } from '../../../lib/contract/steps.ts';
import { serveSteps } from '../../../lib/steps/run-step.ts';
import { atSite, readBetweenReplays } from './step-site.ts';
import { makeHandler as advanceProcesses } from '../../../functions/advance-processes/handler.ts';
import { makeHandler as drainDeadLetters } from '../../../functions/drain-dead-letters/handler.ts';
import { makeHandler as retireClosed } from '../../../functions/retire-closed/handler.ts';
import { makeHandler as sweepTimers, type SweepTimersPorts } from '../../../functions/sweep-timers/handler.ts';
import { makeHandler as wakeOverdue } from '../../../functions/wake-overdue/handler.ts';
import type { SystemContract } from '../../../lib/contract/runtime-contract.ts';
import type { System } from '../../../lib/contract/system.ts';
import { systemContract, withoutSteps } from '../../../lib/contract/system.ts';
import type { ActivationObserver } from '../../../lib/core/run.ts';
import { heldIndex } from '../../../lib/ports/parked-list.ts';
import { SeededRandom } from '../../../lib/core/seeded-random.ts';
import type { Engine } from '../../../lib/engine/engine.ts';
import { hasSchedules } from '../../../lib/engine/jobs/list-schedules.ts';
import { HOT_LANE, INBOX, OPERATIONS, STARTS } from '../../../lib/format/inbox-message.ts';
import { memoryEngine } from '../../../lib/testing/memory-engine.ts';
import { Consumer, type ConsumerOptions } from '../../../lib/service/consumer/consumer.ts';
import { LambdaHost } from '../../../lib/service/aws/lambda-host.ts';
import { servedParts, type Served } from '../../../lib/service/served.ts';
import { ACCOUNT, type Cloud } from './cloud.ts';
import { type BatchHandler, invoke } from './lambda.ts';
import { type WorkerSlot, runSlot } from './worker-slot.ts';
import type { Observer } from './observer.ts';
import { PortOutages } from './port-outages.ts';
import type { Scenario, Site } from '../scenarios/scenario.ts';
import { type DeploymentShape, tickHorizonMs } from './deployment-shape.ts';
import { watched } from './watched-served.ts';
import { type Surroundings, Worker } from './worker.ts';
import { WorkerPorts } from './worker-ports.ts';
import { withoutHolds } from './without-holds.ts';

/** As deployed: docs/protocol.md#queues. */
const INBOX_VISIBILITY_SECONDS = 120;
const SERVICE_VISIBILITY_SECONDS = 60;
const FUNCTION_MS = 20_000;
const BATCH = 10;
/** The embedded runtime takes more at a time (lib/local/inbox-pump.ts). */
const EMBEDDED_BATCH = 128;
const SWEEP_MS = 60_000;
const RETIRE_MS = 86_400_000;
const RETIRE_FUNCTION_MS = 900_000;
export const WAKE_MS = 3_600_000;
const SWEEP_FUNCTION_MS = 50_000;
const WAKE_FUNCTION_MS = 900_000;

export interface DeploymentOptions extends Surroundings {
  readonly cloud: Cloud;
  readonly scenario: Scenario;
  readonly shape: DeploymentShape;
  /** The context of handlers, except their worker. */
  readonly site: (worker: Worker) => Site;
  readonly told: (what: string) => void;
  readonly observer: Observer;
}

/** How long an index may lag, as deployed: functions/deployed-held.ts. Without the fault no index lags, as embedded. */
const INDEX_LAG_MS = 900_000;

/** The contract of a build. Its service of steps is left out if no process of the scenario calls `ctx.run`. */
export function deployedSystem({ steps }: Pick<Scenario, 'steps'>, build: System<string>): SystemContract {
  const system = systemContract(build);
  return steps ? system : withoutSteps(system);
}

/** Passes on each decision of a replay. */
function comparing(observer: Observer, by: string): ActivationObserver {
  const nothing = (): void => undefined;
  return {
    begun: nothing,
    yielded: nothing,
    ended: nothing,
    replayed: (pid, now, recorded) => observer.replayedDecision(pid, now, recorded, by),
  };
}

/** The functions and services of one deployment. Everything in them is real, except what they run on. */
export class Deployment {
  readonly slots: WorkerSlot[] = [];
  sweeping = false;
  nextSweep: number;
  waking = false;
  /** `Infinity` if the runtime is embedded, because its inbox carries no timer. */
  nextWake: number;
  retiring = false;
  /** `Infinity` if everything is kept. */
  nextRetirement: number;
  readonly #options: DeploymentOptions;
  readonly outages: PortOutages;
  readonly #throttled = { until: 0 };
  readonly #tokens = new SeededRandom('tokens');
  #nonces = 0;
  readonly #names = new Map<string, number>();
  #build = 0;
  /** The environment of the sweeper, until it dies or a build is deployed, and the ports of its last run. */
  #sweeper: ReturnType<typeof sweepTimers> | undefined;
  #sweepPorts: SweepTimersPorts | undefined;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.outages = new PortOutages(options.choices);
    const { shape, clock } = options;
    this.nextSweep = clock.now() + SWEEP_MS;
    this.nextRetirement = options.scenario.retentionMs === undefined ? Infinity : clock.now() + RETIRE_MS;
    this.nextWake = shape.embedded ? Infinity : clock.now() + WAKE_MS;
    for (let i = 0; i < shape.engines; i += 1) this.#addSlot('engine', INBOX, (slot) => this.#advances(slot));
    this.#addSlot('drainer', `${INBOX}-dead-letter`, (slot) => this.#drains(slot));
    // The clients of an embedded runtime send to its inbox.
    for (const name of shape.embedded ? [] : [STARTS, OPERATIONS]) {
      this.#addSlot('engine', name, (slot) => this.#advances(slot));
      this.#addSlot('drainer', `${name}-dead-letter`, (slot) => this.#drains(slot));
    }
    if (shape.hotLane) {
      for (let i = 0; i < 2; i += 1) this.#addSlot('lane', HOT_LANE, (slot) => this.#advances(slot));
      this.#addSlot('drainer', `${HOT_LANE}-dead-letter`, (slot) => this.#drains(slot));
    }
    for (const name of this.system.services.keys())
      for (let i = 0; i < shape.workers; i += 1) this.#addSlot(name, name, (slot) => this.#serves(slot, name));
  }

  get #source(): System<string> {
    return this.#options.scenario.builds[this.#build] as System<string>;
  }

  get system(): SystemContract {
    return deployedSystem(this.#options.scenario, this.#source);
  }

  /** The next sweep asks for the schedules of this build. */
  get listsSoon(): boolean {
    return this.#sweeper === undefined && !this.sweeping && hasSchedules(this.system);
  }

  get newestBuild(): boolean {
    return this.#build === this.#options.scenario.builds.length - 1;
  }

  /** The next build runs beside the old one until every worker has been replaced. */
  redeploy(): void {
    this.#build += 1;
    this.#sweeper = undefined;
    this.#options.cloud.deploy(this.system);
    for (const slot of this.slots) slot.outdated = true;
  }

  run(slot: WorkerSlot): void {
    if (slot.outdated && this.#options.choices.chance(0.5)) this.#replace(slot);
    const failed = (error: unknown): void => this.#options.told(`${slot.worker.name} failed: ${String(error)}`);
    void runSlot(slot, failed).then(() => {
      if (slot.worker.dead) this.#replace(slot);
    });
  }

  /** All of the engine's workers end, as when its table is replaced. */
  killEngines(): void {
    for (const slot of this.slots) if (['engine', 'lane', 'drainer'].includes(slot.name)) slot.worker.kill();
    for (const slot of this.slots) if (!slot.busy && slot.worker.dead) this.#replace(slot);
  }

  /** From now on no worker has an old build, a wrong clock or a broken disk. */
  renew(): void {
    while (!this.newestBuild) this.redeploy();
    this.#throttled.until = 0;
    for (const slot of this.slots) {
      slot.downUntil = 0;
      slot.outdated = true;
    }
  }

  replaceOutdated(): void {
    for (const slot of this.slots) if (slot.outdated && !slot.busy) this.#replace(slot);
  }

  sweep(): void {
    const { clock, told } = this.#options;
    this.sweeping = true;
    this.nextSweep = clock.now() + SWEEP_MS;
    const worker = this.newWorker('sweeper');
    const { index, sender } = this.ports(worker);
    const log = (line: { readonly event: string }): void => told(`${worker.name} says ${line.event}`);
    this.#sweepPorts = { index, sender, clock: worker.clock, log, schedules: hasSchedules(this.system) };
    const sweeps = (this.#sweeper ??= sweepTimers(() => this.#sweepPorts as SweepTimersPorts));
    // The environment remembers that it has listed the schedules, and the next one does so again.
    void worker.died.then(() => (this.#sweeper = undefined));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + SWEEP_FUNCTION_MS;
    const ended = sweeps({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.sweeping = false;
    });
  }

  wake(): void {
    const { clock, told } = this.#options;
    this.waking = true;
    this.nextWake = clock.now() + WAKE_MS;
    const worker = this.newWorker('waker');
    const { index, sender, parking } = this.ports(worker);
    const wakes = wakeOverdue(() => ({
      index,
      parking,
      sender,
      clock: worker.clock,
      log: ({ event, count }) => told(`${worker.name} says ${event} ${count}`),
    }));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + WAKE_FUNCTION_MS;
    const ended = wakes({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.waking = false;
    });
  }

  retire(): void {
    const { clock, told, scenario } = this.#options;
    this.retiring = true;
    this.nextRetirement = clock.now() + RETIRE_MS;
    const worker = this.newWorker('retirer');
    const { index, retirement } = this.ports(worker);
    const log = ({ count }: { readonly count?: number }): void => told(`${worker.name} retired ${count}`);
    const retires = retireClosed(() => ({ index, retirement, clock: worker.clock, retentionMs: scenario.retentionMs ?? Infinity, log }));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + RETIRE_FUNCTION_MS;
    const ended = retires({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.retiring = false;
    });
  }

  newWorker(name: string): Worker {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return new Worker(`${name}-${count}`, this.#options);
  }

  ports(worker: Worker): WorkerPorts {
    const { cloud, faults, choices, clock } = this.#options;
    return new WorkerPorts(worker, cloud, { faults, choices, now: () => clock.now(), throttled: this.#throttled, outages: this.outages });
  }

  #addSlot(name: string, queue: string, handle: (slot: WorkerSlot) => () => Promise<void>): void {
    const worker = this.newWorker(name);
    const slot = {
      name,
      queue: this.#options.cloud.queue(queue),
      worker,
      handle: async () => undefined,
      busy: false,
      downUntil: 0,
      outdated: false,
    };
    this.slots.push(slot);
    this.#makers.set(slot, handle);
    (slot as WorkerSlot).handle = handle(slot);
  }

  readonly #makers = new Map<WorkerSlot, (slot: WorkerSlot) => () => Promise<void>>();

  #replace(slot: WorkerSlot): void {
    slot.worker = this.newWorker(slot.name);
    slot.outdated = false;
    slot.handle = (this.#makers.get(slot) as (slot: WorkerSlot) => () => Promise<void>)(slot);
  }

  /** A scenario without holds reads none, so that its seeds draw what they drew before there were any. */
  #enginePorts(worker: Worker) {
    const { store, index, sender, publisher, payloads, parking } = this.ports(worker);
    if (this.#options.scenario.holds !== true) return { store: withoutHolds(store), index, sender, publisher, payloads, parking };
    const held = heldIndex({ index, parking }, this.#options.faults.has('index-lag') ? INDEX_LAG_MS : 0);
    return { store, index, sender, publisher, payloads, parking, held };
  }

  #engine(worker: Worker): Engine {
    const { shape, told, scenario, observer } = this.#options;
    const { retentionMs } = scenario;
    const engine = memoryEngine({
      system: this.#source,
      ports: this.#enginePorts(worker),
      clock: worker.clock,
      accounts: { own: ACCOUNT, services: {}, events: {} },
      ...(!shape.embedded && { replyKeys: this.#options.cloud.replyKeys }),
      hotLane: shape.hotLane,
      warmMax: shape.warmMax,
      tickThresholdMs: tickHorizonMs(shape),
      ...(retentionMs !== undefined && { startAgeMaxMs: retentionMs }),
      random: () => this.#tokens.number(),
      observer: comparing(observer, worker.name),
      onNotice: ({ kind, reason, pid }) => told(`${worker.name}: ${pid} ${kind} ${reason}`),
      onFault: (error) => told(`${worker.name} met: ${error instanceof Error ? error.message : String(error)}`),
    });
    void worker.died.then(() => engine.abandon());
    return engine;
  }

  #advances({ worker, queue }: WorkerSlot): () => Promise<void> {
    const { shape } = this.#options;
    const engine = this.#engine(worker);
    const port = this.ports(worker).queue(queue.name);
    if (shape.embedded) {
      return async () => {
        const messages = queue.take(EMBEDDED_BATCH, INBOX_VISIBILITY_SECONDS);
        if (messages.length === 0) return;
        const { acknowledge, giveBack } = await engine.advance(messages);
        if (acknowledge.length > 0) await port.delete(acknowledge);
        if (giveBack.length > 0) await port.changeVisibility(giveBack);
      };
    }
    return this.#batches(
      queue.name,
      INBOX_VISIBILITY_SECONDS,
      advanceProcesses(() => ({ engine, queue: () => port, log: () => undefined })),
    );
  }

  #drains({ worker, queue }: WorkerSlot): () => Promise<void> {
    const { sender } = this.ports(worker);
    const port = this.ports(worker).queue(queue.name);
    const ports = { sender, clock: worker.clock, random: () => this.#tokens.number(), queue: () => port, log: () => undefined };
    return this.#batches(
      queue.name,
      INBOX_VISIBILITY_SECONDS,
      drainDeadLetters(() => ports),
    );
  }

  #serves({ worker, queue }: WorkerSlot, name: string): () => Promise<void> {
    const { scenario, site, shape, told, observer } = this.#options;
    const ports = this.ports(worker);
    const plain =
      name === STEPS
        ? atSite(
            serveSteps({ system: this.#source, ...readBetweenReplays(ports, worker), observer: comparing(observer, worker.name) }),
            site(worker),
            worker,
          )
        : (scenario.serve(site(worker)).find((each) => servedParts(each).contract.name === name) as Served);
    const served = watched(plain, worker, observer);
    const options: ConsumerOptions = {
      served,
      queue: ports.queue(name),
      store: ports.records,
      publisher: ports.publisher,
      payloads: ports.payloads,
      clock: worker.clock,
      sender: ports.sender,
      random: () => this.#tokens.number(),
      newNonce: () => String((this.#nonces += 1)).padStart(22, '0'),
      report: ({ kind, commandId, message }) => {
        told(`${worker.name}: ${kind} ${commandId ?? ''} ${message}`);
        if (kind === 'lease-lost' && commandId !== undefined) observer.lost(commandId);
      },
    };
    if (shape.polls) {
      const consumer = new Consumer(options);
      return async () => void (await consumer.handle(queue.take(BATCH, SERVICE_VISIBILITY_SECONDS)));
    }
    const host = new LambdaHost(options);
    const handler = ((event, context) => host.handle(event, context)) as BatchHandler;
    return this.#batches(name, SERVICE_VISIBILITY_SECONDS, handler, shape.serviceTimeMs);
  }

  /** An event source mapping on a queue. Near the end of its time a function begins nothing more. */
  #batches(name: string, visibilitySeconds: number, handler: BatchHandler, timeMs = FUNCTION_MS): () => Promise<void> {
    const { cloud, clock, faults, choices, scenario } = this.#options;
    return async () => {
      const queue = cloud.queue(name);
      const messages = queue.take(scenario.batch ?? BATCH, visibilitySeconds);
      if (messages.length === 0) return;
      const end = clock.now() + (faults.strikes('time-out') ? choices.below(4_000) : timeMs);
      await invoke(queue, messages, handler, () => end - clock.now());
    };
  }
}
